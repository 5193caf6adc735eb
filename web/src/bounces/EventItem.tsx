import { useTranslation } from "react-i18next";
import type { AddressEvent } from "../api/types";
import { useFormats } from "../lang/format";
import { Pill } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PlainLink } from "../parts/PlainLink";
import { wordOr } from "../reader/words";
import css from "./bounces.module.css";
import { EventEvidence } from "./EventEvidence";
import { eventTone } from "./states";
import { useUserName } from "./useUserName";

/** Something that happened to an address, with what it is known from. */
export function EventItem({ event }: { event: AddressEvent }) {
  const { t } = useTranslation();
  const { shortDate } = useFormats();
  const userName = useUserName();
  const what = [
    event.permanence === null ? undefined : t(`feedback.permanence.${event.permanence}`),
    event.state === null ? undefined : t(`feedback.states.${event.state}`),
    event.expires === null ? undefined : t("feedback.until", { date: shortDate(event.expires) }),
    event.reason === null ? undefined : wordOr(t, `reasons.${event.reason}`, event.reason),
    event.user === null ? undefined : userName(event.user),
  ].filter((part) => part !== undefined);
  return (
    <li className={css.event}>
      <time dateTime={event.at} className={css.at}>
        {shortDate(event.at)}
      </time>
      <div>
        <div className={page.row}>
          <Pill tone={eventTone(event)}>{wordOr(t, `feedback.kinds.${event.kind}`, event.kind)}</Pill>
          <span>{what.join(" · ")}</span>
        </div>
        {event.note === "" ? null : <div>{event.note}</div>}
        {event.counts ? null : <div className={page.dimmed}>{t("feedback.countsNot")}</div>}
        <EventEvidence event={event} />
        {event.mail_id !== null ? (
          <PlainLink to={`/m/${event.mail_id}`} className={css.back}>
            {t("feedback.openMail")}
          </PlainLink>
        ) : event.user === null ? (
          <div className={page.dimmed}>{t("feedback.noMail")}</div>
        ) : null}
      </div>
    </li>
  );
}
