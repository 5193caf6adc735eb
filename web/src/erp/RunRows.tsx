import { useTranslation } from "react-i18next";
import { useFormats } from "../lang/format";
import { Pill } from "../parts/Notice";
import page from "../parts/Page.module.css";
import css from "./erp.module.css";
import { Notes } from "./Notes";
import type { ErpRun } from "./queries";

/** What a run did, in one line. */
export function RunSums({ run }: { run: ErpRun }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const values = {
    new: number(run.new),
    changed: number(run.changed),
    same: number(run.same),
    vanished: number(run.vanished),
  };
  return <span>{t("erp.sums", values)}</span>;
}

/** How a run stands, with colour and words. */
export function RunState({ run }: { run: ErpRun }) {
  const { t } = useTranslation();
  if (run.error !== null) {
    return <Pill tone="danger">{t("erp.failed")}</Pill>;
  }
  if (run.ended === null) {
    return <Pill tone="info">{t("erp.running")}</Pill>;
  }
  if (run.held > 0) {
    return <Pill tone="warn">{t("erp.asks")}</Pill>;
  }
  return run.failed > 0 ? <Pill tone="warn">{t("erp.rowsFailed")}</Pill> : <Pill tone="ok">{t("erp.well")}</Pill>;
}

/** Runs, newest first. */
export function RunRows({ runs, label }: { runs: readonly ErpRun[]; label: string }) {
  const { t } = useTranslation();
  const { shortDate } = useFormats();
  if (runs.length === 0) {
    return <p className={page.dimmed}>{t("erp.noRuns")}</p>;
  }
  return (
    <ul className={css.runs} aria-label={label}>
      {runs.map((run) => (
        <li key={run.id}>
          <div className={page.row}>
            <RunState run={run} />
            <strong>{run.what}</strong>
            <span className={page.dimmed}>{shortDate(run.started)}</span>
          </div>
          <div>
            <RunSums run={run} />
          </div>
          {run.error === null ? null : <p className={css.error}>{run.error}</p>}
          <Notes notes={run.notes} />
        </li>
      ))}
    </ul>
  );
}
