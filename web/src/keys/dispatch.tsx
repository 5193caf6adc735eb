import { useEffect, useRef } from "react";
import { type CommandId, interpret, type Pending } from "./registry";
import { singleKeysOn } from "./setting";

type Handler = () => void;

/** The newest handler of a command wins: a dialog's over the page's. */
const handlers = new Map<CommandId, Handler[]>();

let pending: Pending = { first: undefined, at: 0 };

export function run(command: CommandId): boolean {
  const handler = handlers.get(command)?.at(-1);
  handler?.();
  return handler !== undefined;
}

/** Whether a part of the page answers this command now. */
export function isAnswered(command: CommandId): boolean {
  return (handlers.get(command)?.length ?? 0) > 0;
}

/** Answers `command` while the component is mounted. */
export function useCommand(command: CommandId, handler: Handler, enabled = true): void {
  const latest = useRef(handler);
  useEffect(() => {
    latest.current = handler;
  });
  useEffect(() => {
    if (!enabled) {
      return undefined;
    }
    const call: Handler = () => latest.current();
    const stack = handlers.get(command) ?? [];
    stack.push(call);
    handlers.set(command, stack);
    return () => {
      stack.splice(stack.indexOf(call), 1);
    };
  }, [command, enabled]);
}

/** Feeds a key press of the page, or of the frame a mail is shown in, to the commands. */
export function handleKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) {
    return;
  }
  const ctrl = event.ctrlKey || event.metaKey;
  if (!ctrl && (isTyping(event.target) || isDialogOpen())) {
    return;
  }
  if (event.key === "Enter" && isOwnEnter(event.target)) {
    return;
  }
  const stroke = { key: event.key, ctrl, shift: event.shiftKey, alt: event.altKey };
  const answer = interpret(stroke, pending, event.timeStamp, singleKeysOn());
  pending = answer.pending;
  if (answer.command !== undefined && run(answer.command)) {
    event.preventDefault();
  }
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("input:not([type=checkbox],[type=radio]), textarea, select"))
  );
}

/** Enter on a link or button is that link's or button's. */
function isOwnEnter(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("a[href], button, summary, [role=option]") !== null;
}

function isDialogOpen(): boolean {
  return document.querySelector("[role=dialog], [role=menu]") !== null;
}

/** Listens for keys as long as the shell is there. */
export function useKeys(): void {
  useEffect(() => {
    window.addEventListener("keydown", handleKey);
    return () => window.removeEventListener("keydown", handleKey);
  }, []);
}
