import type { ReactNode } from "react";
import css from "./Page.module.css";
import { usePageTitle } from "./usePageTitle";

interface PageHeadProps {
  title: string;
  lead?: ReactNode;
  /** Buttons at the right. */
  children?: ReactNode;
}

/** Name of a page, what it is for, and what one can do on it. */
export function PageHead({ title, lead, children }: PageHeadProps) {
  usePageTitle(title);
  return (
    <>
      <div className={css.head}>
        <h1>{title}</h1>
        {children}
      </div>
      {lead === undefined ? null : <p className={css.lead}>{lead}</p>}
    </>
  );
}
