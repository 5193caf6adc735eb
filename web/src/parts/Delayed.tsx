import { type ReactNode, useEffect, useState } from "react";

const DELAY_MS = 150;

/** Shows its content only if it is still wanted after 150 ms: what is quick should not flicker. */
export function Delayed({ children }: { children: ReactNode }) {
  const [due, setDue] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setDue(true), DELAY_MS);
    return () => clearTimeout(timer);
  }, []);
  return due ? children : null;
}
