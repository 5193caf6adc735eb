import type { ReactNode } from "react";
import { useIsNarrow } from "./Panes";

/** A heading below the subject of a mail, which is the page's own heading where there is one pane at a time. */
export function SubHeading({ className, children }: { className?: string | undefined; children: ReactNode }) {
  const Heading = useIsNarrow() ? "h2" : "h3";
  return <Heading className={className}>{children}</Heading>;
}
