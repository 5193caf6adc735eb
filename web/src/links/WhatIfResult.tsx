import { VisuallyHidden } from "@mantine/core";
import {
  IconAlertTriangle,
  IconArrowsExchange,
  IconChevronRight,
  IconLinkOff,
  IconLinkPlus,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { LinkState, WhatIfAnswer, WhatIfRow } from "../api/types";
import { useFormats } from "../lang/format";
import { Pill, type Tone } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PlainLink } from "../parts/PlainLink";
import { wordOr } from "../reader/words";
import css from "./links.module.css";
import { TraceSteps } from "./TraceSteps";
import { recordTitle } from "./words";

const COUNTS = ["unchanged", "newly_linked", "changed", "lost", "newly_ambiguous"] as const;

const SIGNS: Record<string, { tone: Tone; icon: typeof IconLinkOff }> = {
  newly_linked: { tone: "ok", icon: IconLinkPlus },
  changed: { tone: "info", icon: IconArrowsExchange },
  lost: { tone: "danger", icon: IconLinkOff },
  newly_ambiguous: { tone: "warn", icon: IconAlertTriangle },
};

/** What would change: counts, how it stands beside people's decisions, and the mails with both reasons. */
export function WhatIfResult({ found }: { found: WhatIfAnswer }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const more = found.seen - found.unchanged - found.rows.length;
  return (
    <div className={page.spaced} role="region" aria-label={t("linkRules.result")}>
      <p role="status">{t("linkRules.seen", { count: found.seen, mails: number(found.seen) })}</p>
      <dl className={page.numbers}>
        {COUNTS.map((one) => (
          <div key={one} className={page.number}>
            <dt>{t(`linkRules.counts.${one}`)}</dt>
            <dd>{number(found[one])}</dd>
          </div>
        ))}
        {found.people === 0 ? null : (
          <div className={page.number}>
            <dt>{t("linkRules.people", { count: found.people, of: number(found.people) })}</dt>
            <dd>
              {t("linkRules.agree", { now: number(found.people_agree_now), then: number(found.people_agree_then) })}
            </dd>
          </div>
        )}
      </dl>
      <p className={page.dimmed}>
        {found.people === 0 ? t("linkRules.noPeople") : t("linkRules.peopleWhat")}
      </p>
      {found.rows.length === 0 ? null : (
        <ul className={css.mails} aria-label={t("linkRules.changedMails")}>
          {found.rows.map((row) => (
            <Changed key={row.mail_id} row={row} />
          ))}
        </ul>
      )}
      {more > 0 ? <p className={page.dimmed}>{t("linkRules.more", { count: more, mails: number(more) })}</p> : null}
    </div>
  );
}

function Changed({ row }: { row: WhatIfRow }) {
  const { t } = useTranslation();
  const { listDate } = useFormats();
  const sign = SIGNS[row.change];
  const word = wordOr(t, `linkRules.counts.${row.change}`, row.change);
  return (
    <li>
      <div className={css.line}>
        <PlainLink to={`/m/${row.mail_id}`} className={css.title}>
          {row.subject === "" ? t("list.noSubject") : row.subject}
        </PlainLink>
        <time className={css.dimmed} dateTime={row.date}>
          {listDate(row.date)}
        </time>
      </div>
      <div className={css.dimmed}>{row.from.length === 0 ? t("list.unknownSender") : row.from.join(", ")}</div>
      <div className={css.row}>
        {sign === undefined ? <span>{word}</span> : <Pill tone={sign.tone} icon={sign.icon}>{word}</Pill>}
        <span>
          {stateText(row.before)} <span aria-hidden>→</span>
          <VisuallyHidden>{t("linkRules.becomes")}</VisuallyHidden> <b>{stateText(row.after)}</b>
        </span>
      </div>
      <details className={css.reasons}>
        <summary>
          <IconChevronRight size={15} stroke={1.8} aria-hidden />
          {t("linkRules.reasons")}
        </summary>
        <div className={css.sides}>
          <Side title={t("linkRules.before")} state={row.before} />
          <Side title={t("linkRules.after")} state={row.after} />
        </div>
      </details>
    </li>
  );

  function stateText({ outcome, links }: LinkState): string {
    if (links.length > 0) {
      return links.map((link) => recordTitle(t, link)).join(", ");
    }
    return wordOr(t, `linkRules.states.${outcome ?? "undecided"}`, outcome ?? "");
  }
}

function Side({ title, state }: { title: string; state: LinkState }) {
  const { t } = useTranslation();
  return (
    <div>
      <b>{title}</b>
      <p>{state.outcome === null ? t("links.notDecided") : wordOr(t, `links.outcomes.${state.outcome}`, state.outcome)}</p>
      <TraceSteps steps={state.steps} />
    </div>
  );
}
