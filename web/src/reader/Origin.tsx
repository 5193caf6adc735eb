import { IconShieldCheck, IconShieldQuestion, IconShieldX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Authentication } from "../attachments/queries";
import { useFormats } from "../lang/format";
import css from "./Reader.module.css";
import { wordOr } from "./words";

/** Who the mail is really from: one line, and the details behind it. */
export function Origin({ origin }: { origin: Authentication | null }) {
  const { t } = useTranslation();
  const { longDate, number } = useFormats();
  if (origin === null) {
    return null;
  }
  const result = (word: Authentication["spf"]) => t(`origin.results.${word}`);
  const signatures = origin.dkim.map(({ result: word, domain }) => t("origin.dkim", { result: result(word), domain }));
  const line = [
    ...(signatures.length === 0 ? [t("origin.dkimNone")] : signatures.slice(0, 2)),
    origin.spf_domain === "" ? t("origin.spfOpen") : t("origin.spf", { result: result(origin.spf), domain: origin.spf_domain }),
    ...(origin.spam?.is_spam === true ? [t("origin.spam")] : []),
    origin.dmarc === "none" ? t("origin.dmarcNone") : t("origin.dmarc", { result: result(origin.dmarc) }),
  ];
  const Sign = origin.dmarc === "pass" ? IconShieldCheck : origin.dmarc === "fail" ? IconShieldX : IconShieldQuestion;
  return (
    <details className={css.origin}>
      <summary>
        <Sign size={16} stroke={1.7} aria-hidden /> {t("origin.title")}: {line.join(" · ")}
      </summary>
      <dl className={css.facts}>
        {origin.dkim.map((one, at) => (
          <div key={at}>
            <dt>DKIM</dt>
            <dd>
              {result(one.result)} · {one.domain} · {t("origin.selector", { selector: one.selector })}
              {one.reason === "" ? null : ` · ${one.reason}`}
            </dd>
          </div>
        ))}
        <dt>SPF</dt>
        <dd>
          {result(origin.spf)}
          {origin.spf_domain === "" ? null : ` · ${origin.spf_domain}`}
        </dd>
        {origin.client === null ? null : (
          <>
            <dt>{t("origin.client")}</dt>
            <dd>{origin.client}</dd>
          </>
        )}
        <dt>DMARC</dt>
        <dd>
          {result(origin.dmarc)}
          {origin.dmarc_domain === "" ? null : ` · ${origin.dmarc_domain}`}
        </dd>
        {origin.dmarc_policy === "" ? null : (
          <>
            <dt>{t("origin.policy")}</dt>
            <dd>{wordOr(t, `origin.policies.${origin.dmarc_policy}`, origin.dmarc_policy)}</dd>
          </>
        )}
        <dt>{t("origin.arc")}</dt>
        <dd>{result(origin.arc)}</dd>
        {origin.stated.map((one, at) => (
          <div key={`stated ${at}`}>
            <dt>{t("origin.stated", { by: one.by })}</dt>
            <dd>
              {one.method.toUpperCase()} {result(one.result)}
              {one.domain === "" ? null : ` · ${one.domain}`}
            </dd>
          </div>
        ))}
        {origin.spam === null ? null : (
          <>
            <dt>{t("origin.spamFilter")}</dt>
            <dd>
              {t(origin.spam.is_spam ? "origin.spam" : "origin.ham")} · {origin.spam.by}
              {origin.spam.score === null || origin.spam.required === null
                ? null
                : ` · ${t("origin.points", { score: number(origin.spam.score), required: number(origin.spam.required) })}`}
            </dd>
          </>
        )}
        <dt>{t("origin.checked")}</dt>
        <dd>{longDate(origin.checked)}</dd>
      </dl>
    </details>
  );
}
