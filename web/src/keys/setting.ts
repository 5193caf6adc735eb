import { useSyncExternalStore } from "react";

const STORED = "poststelle.singleKeys";

const listeners = new Set<() => void>();
let on: boolean | undefined;

/** Whether keys without Ctrl do something. Screen readers and voice control may need them off (WCAG 2.1.4). */
export function singleKeysOn(): boolean {
  if (on === undefined) {
    try {
      on = localStorage.getItem(STORED) !== "off";
    } catch {
      on = true;
    }
  }
  return on;
}

export function setSingleKeys(value: boolean): void {
  on = value;
  try {
    localStorage.setItem(STORED, value ? "on" : "off");
  } catch {
    // Holds until the page is closed.
  }
  listeners.forEach((listener) => listener());
}

export function useSingleKeys(): boolean {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, singleKeysOn);
}
