import { useTranslation } from "react-i18next";
import type { DryRun } from "../api/types";
import { useFormats } from "../lang/format";
import { Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PlainLink } from "../parts/PlainLink";
import css from "./bounces.module.css";
import { ruleName } from "./ruleName";
import { addressPath } from "./states";

const NUMBERS = ["known", "judged", "bulk", "transactional", "leave", "newly", "released"] as const;

/** What rules would have done. */
export function DryRunResult({ run }: { run: DryRun }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  return (
    <div role="status">
      {run.needs_confirmation ? (
        <Notice tone="warn">{t("bounceRules.needsConfirmation")}</Notice>
      ) : run.newly === 0 ? (
        <Notice tone="ok">{t("bounceRules.harmless")}</Notice>
      ) : null}
      <dl className={`${page.numbers} ${page.spaced}`}>
        {NUMBERS.map((name) => (
          <div key={name} className={page.number}>
            <dt>{t(`bounceRules.${name}`)}</dt>
            <dd>{number(run[name])}</dd>
          </div>
        ))}
      </dl>
      {run.stopped.length === 0 ? null : (
        <>
          <h3 className={css.section}>{t("bounceRules.stoppedNow")}</h3>
          <ul className={css.rows}>
            {run.stopped.map(({ address, rule }) => (
              <li key={address} className={css.row}>
                <span className={css.address}>
                  <PlainLink to={addressPath(address)} className={css.link}>
                    {address}
                  </PlainLink>
                </span>
                <span className={css.why}>{t("suppression.byRule", { rule: ruleName(t, rule) })}</span>
              </li>
            ))}
          </ul>
          {run.stopped.length < run.newly ? (
            <p className={page.dimmed}>{t("bounceRules.stoppedMore", { count: run.stopped.length })}</p>
          ) : null}
        </>
      )}
    </div>
  );
}
