import { useSyncExternalStore } from "react";

/** Whether the server answers. `gone`: the browser is online, but nothing comes back. */
export type Reach = "ok" | "offline" | "gone";

const PING_MS = 3_000;

let reach: Reach = "ok";
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();
const returned = new Set<() => void>();

function change(next: Reach): void {
  if (next === reach) {
    return;
  }
  const back = next === "ok";
  reach = next;
  listeners.forEach((listener) => listener());
  if (back) {
    clearTimeout(timer);
    timer = undefined;
    returned.forEach((listener) => listener());
  } else {
    timer ??= setTimeout(() => void ping(), PING_MS);
  }
}

async function ping(): Promise<void> {
  timer = undefined;
  try {
    const answer = await fetch("/health/live", { cache: "no-store" });
    if (answer.ok) {
      change("ok");
      return;
    }
  } catch {
    // Still away; asked again below.
  }
  timer = setTimeout(() => void ping(), PING_MS);
}

/** Called with every answer of the server. */
export function answered(): void {
  change("ok");
}

/** Called when a request got no answer. */
export function unanswered(): void {
  change(navigator.onLine ? "gone" : "offline");
}

/** Calls `listener` whenever the server is back. Gives the function that ends this. */
export function onReturn(listener: () => void): () => void {
  returned.add(listener);
  return () => returned.delete(listener);
}

export function useReach(): Reach {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => reach,
  );
}

if (typeof window !== "undefined") {
  window.addEventListener("offline", () => change("offline"));
  window.addEventListener("online", () => void ping());
}
