import { useTranslation } from "react-i18next";
import type { AddressEvent } from "../api/types";
import page from "../parts/Page.module.css";
import { wordOr } from "../reader/words";
import css from "./bounces.module.css";

/** What an event is known from: code, the server's words, how sure it is and how the mail was looked for. */
export function EventEvidence({ event }: { event: AddressEvent }) {
  const { t } = useTranslation();
  const codes = [event.smtp_code, event.status].filter((code) => code !== null).join(" · ");
  const reported = event.user === null && event.kind !== "human_mail";
  return (
    <>
      {event.diagnostic === null || event.diagnostic === "" ? null : (
        <p className={css.diagnostic}>{event.diagnostic}</p>
      )}
      {reported ? (
        <details className={css.details}>
          <summary>{t("feedback.evidence")}</summary>
          <dl className={page.facts}>
            {codes === "" ? null : (
              <>
                <dt>{t("feedback.status")}</dt>
                <dd className={page.mono}>{codes}</dd>
              </>
            )}
            <dt>{t("feedback.sure")}</dt>
            <dd>{t(`feedback.strengths.${event.strength}`)}</dd>
            {event.class === null ? null : (
              <>
                <dt>{t("feedback.class")}</dt>
                <dd>{t(`feedback.classes.${event.class}`)}</dd>
              </>
            )}
            {event.trace.length === 0 ? null : (
              <>
                <dt>{t("feedback.search")}</dt>
                <dd>
                  <ol className={css.steps}>
                    {event.trace.map(({ step, found, looked_at: lookedAt }, at) => (
                      <li key={at}>
                        {wordOr(t, `feedback.steps.${step}`, step)}: {wordOr(t, `feedback.found.${found}`, found)}
                        {lookedAt === "" ? null : <small>{lookedAt}</small>}
                      </li>
                    ))}
                  </ol>
                </dd>
              </>
            )}
          </dl>
        </details>
      ) : null}
    </>
  );
}
