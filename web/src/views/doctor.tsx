import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { doctorQuery } from "../api/queries";
import type { Condition } from "../api/types";
import { useFormats } from "../lang/format";
import { Loading } from "../parts/Loading";
import { Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { PlainLink } from "../parts/PlainLink";

/** What is blind or about to be, what to do, and what is over. */
export function Doctor() {
  const { t } = useTranslation();
  const query = useQuery(doctorQuery);
  const { data } = query;
  return (
    <div className={page.page}>
      <div className={page.inner}>
        <PageHead title={t("doctor.title")} lead={t("doctor.lead")} />
        <Loading of={query} what={t("doctor.failed")} height={160} />
        {data?.ok === true ? <Notice tone="ok">{t("doctor.well")}</Notice> : null}
        {data === undefined || data.ok ? null : (
          <section className={page.stack} aria-label={t("doctor.now")}>
            {data.conditions.map((of) => (
              <OneCondition key={of.id} of={of} />
            ))}
          </section>
        )}
        {data === undefined || data.ended.length === 0 ? null : (
          <section className={page.spaced}>
            <h2>{t("doctor.ended")}</h2>
            <ul className={page.stack}>
              {data.ended.map((of) => (
                <Ended key={of.id} of={of} />
              ))}
            </ul>
          </section>
        )}
      </div>
    </div>
  );
}

function OneCondition({ of }: { of: Condition }) {
  const { t } = useTranslation();
  const { shortDate, ago } = useFormats();
  return (
    <Notice
      tone={of.severity === "critical" ? "danger" : "warn"}
      title={`${t(`doctor.severities.${of.severity}`)}: ${of.what}`}
      actions={
        of.account === null ? undefined : (
          <PlainLink to={`/settings/accounts/${of.account}`}>{t("doctor.account")}</PlainLink>
        )
      }
    >
      <p>{of.to_do}</p>
      <p className={page.dimmed}>{t("doctor.since", { at: shortDate(of.since), ago: ago(of.since) })}</p>
    </Notice>
  );
}

function Ended({ of }: { of: Condition }) {
  const { t } = useTranslation();
  const { shortDate } = useFormats();
  return (
    <li>
      {of.what}{" "}
      <span className={page.dimmed}>{of.ended == null ? null : t("doctor.over", { at: shortDate(of.ended) })}</span>
    </li>
  );
}
