import { lazy, Suspense, useEffect, useState } from "react";
import { onFirstToast } from "./toast";

const Toasts = lazy(() => import("./Toasts").then((module) => ({ default: module.Toasts })));

/** Empty until something is told for the first time. */
export function ToastPlace() {
  const [wanted, setWanted] = useState(false);
  useEffect(() => onFirstToast(() => setWanted(true)), []);
  return <Suspense>{wanted ? <Toasts /> : null}</Suspense>;
}
