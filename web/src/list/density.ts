import { useSyncExternalStore } from "react";

export type Density = "normal" | "compact";

const STORED = "poststelle.density";
const listeners = new Set<() => void>();
let density: Density | undefined;

function stored(): Density {
  if (density === undefined) {
    try {
      density = localStorage.getItem(STORED) === "compact" ? "compact" : "normal";
    } catch {
      density = "normal";
    }
  }
  return density;
}

/** Height of the rows of message lists; a matter of this browser, not of the profile. */
export function useDensity(): Density {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, stored);
}

export function setDensity(value: Density): void {
  density = value;
  try {
    localStorage.setItem(STORED, value);
  } catch {
    // Holds until the page is closed.
  }
  listeners.forEach((listener) => listener());
}
