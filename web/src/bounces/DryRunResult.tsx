import { useTranslation } from "react-i18next";
import type { DryRun, DryRunStop } from "../api/types";
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
      <Changed rows={run.stopped} of={run.newly} what="stopped" />
      <Changed rows={run.freed} of={run.released} what="freed" />
    </div>
  );
}

const TEXTS = {
  stopped: { heading: "bounceRules.stoppedNow", rule: "suppression.byRule", more: "bounceRules.stoppedMore" },
  freed: { heading: "bounceRules.freedNow", rule: "bounceRules.stoppedTillNow", more: "bounceRules.freedMore" },
} as const;

interface ChangedProps {
  rows: DryRunStop[];
  /** How many there are. */
  of: number;
  what: keyof typeof TEXTS;
}

/** Addresses that would be treated differently, the first of them. */
function Changed({ rows, of, what }: ChangedProps) {
  const { t } = useTranslation();
  const texts = TEXTS[what];
  if (rows.length === 0) {
    return null;
  }
  return (
    <>
      <h3 className={css.section}>{t(texts.heading)}</h3>
      <ul className={css.rows} aria-label={t(texts.heading)}>
        {rows.map(({ address, rule }) => (
          <li key={address} className={css.row}>
            <span className={css.address}>
              <PlainLink to={addressPath(address)} className={css.link}>
                {address}
              </PlainLink>
            </span>
            <span className={css.why}>{t(texts.rule, { rule: ruleName(t, rule) })}</span>
          </li>
        ))}
      </ul>
      {rows.length < of ? <p className={page.dimmed}>{t(texts.more, { count: rows.length })}</p> : null}
    </>
  );
}
