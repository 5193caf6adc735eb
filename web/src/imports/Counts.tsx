import { useTranslation } from "react-i18next";
import type { ImportRun } from "../api/types";
import { useFormats } from "../lang/format";
import css from "./imports.module.css";

const COUNTS = ["seen", "archived", "duplicates", "excluded", "failed"] as const;

/** What became of the mails of an import, in numbers. */
export function Counts({ run }: { run: ImportRun }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  return (
    <dl className={css.counts}>
      {COUNTS.map((name) => (
        <div key={name} className={name === "failed" && run.failed > 0 ? css.bad : undefined}>
          <dt>{t(`imports.counts.${name}`)}</dt>
          <dd>{number(run[name])}</dd>
        </div>
      ))}
    </dl>
  );
}
