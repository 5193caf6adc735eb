import { useEffect, useSyncExternalStore } from "react";
import { queryClient, sessionQuery } from "./queries";
import { onReturn, unanswered } from "./reach";

/** How many messages came since the lists were last read. */
let fresh = 0;
const listeners = new Set<() => void>();

const RETRY_MS = 4_000;
/** News come in bursts while a mailbox is fetched; lists are read anew at most this often. */
const CALM_MS = 1_500;

export function useFresh(): number {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => fresh,
  );
}

/** Reads the lists anew; what has come is in them afterwards. */
export function readFresh(): void {
  setFresh(0);
  void queryClient.invalidateQueries({ queryKey: ["messages"] });
  void queryClient.invalidateQueries({ queryKey: ["thread"] });
}

function setFresh(value: number): void {
  if (value !== fresh) {
    fresh = value;
    listeners.forEach((listener) => listener());
  }
}

/** Runs `act` at once, then at most every {@link CALM_MS}; the last call is never lost. */
function calmly(act: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let again = false;
  const start = () => {
    act();
    timer = setTimeout(() => {
      timer = undefined;
      if (again) {
        again = false;
        start();
      }
    }, CALM_MS);
  };
  return () => {
    if (timer === undefined) {
      start();
    } else {
      again = true;
    }
  };
}

const invalidate = (...queryKey: string[]) => calmly(() => void queryClient.invalidateQueries({ queryKey }));

/** Follows what happens on the server as long as somebody is signed in. */
export function useLive(): void {
  useEffect(() => {
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let arrived = 0;
    const tellArrived = calmly(() => {
      setFresh(fresh + arrived);
      arrived = 0;
    });
    const accounts = invalidate("accounts");
    const doctor = invalidate("doctor");
    const imports = invalidate("imports");
    const status = invalidate("status");
    const quarantine = invalidate("quarantine");
    const messages = invalidate("messages");
    const message = invalidate("message");
    const attachments = invalidate("attachments");

    const open = () => {
      clearTimeout(timer);
      source?.close();
      source = new EventSource("/api/v1/live");
      source.addEventListener("message.new", (event) => {
        const { count } = bodyOf(event);
        arrived += typeof count === "number" ? count : 1;
        tellArrived();
        status();
      });
      source.addEventListener("mail.examined", () => {
        attachments();
        message();
      });
      source.addEventListener("account.state", () => {
        accounts();
        doctor();
      });
      source.addEventListener("import.progress", (event) => {
        imports();
        // Into an account that did not exist before, no message.new is told.
        if (bodyOf(event)["state"] === "finished") {
          messages();
        }
      });
      source.addEventListener("status", (event) => {
        status();
        doctor();
        quarantine();
        if (bodyOf(event)["missed"] === true) {
          messages();
        }
      });
      source.onerror = () => {
        if (source?.readyState === EventSource.CLOSED) {
          timer = setTimeout(open, RETRY_MS);
          void queryClient.refetchQueries(sessionQuery);
        } else {
          unanswered();
        }
      };
    };
    const back = onReturn(() => {
      open();
      void queryClient.invalidateQueries();
    });
    open();
    return () => {
      back();
      clearTimeout(timer);
      source?.close();
    };
  }, []);
}

function bodyOf(event: MessageEvent<unknown>): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(String(event.data));
    return typeof body === "object" && body !== null ? { ...body } : {};
  } catch {
    return {};
  }
}
