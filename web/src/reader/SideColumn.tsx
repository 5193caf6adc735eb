import { Anchor } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { messageQuery } from "../api/queries";
import type { MessageDetail, Placement, RecipientReport } from "../api/types";
import { WhyGroups } from "../groups/WhyGroups";
import { useCommand } from "../keys/dispatch";
import { useFormats } from "../lang/format";
import { LinkCard } from "../links/LinkCard";
import { KINDS } from "../parts/kinds";
import { Pill } from "../parts/Notice";
import { PlainLink } from "../parts/PlainLink";
import { quote } from "../search/words";
import { KeepingCard } from "../retention/KeepingCard";
import { SubHeading } from "../parts/SubHeading";
import css from "./Reader.module.css";
import { placeText, wordOr } from "./words";

/** What is known of a mail beside its text: links, why it is what it is, where it lies, what is wrong with it. */
export function SideColumn({ mailId }: { mailId: string }) {
  const { t } = useTranslation();
  const { data } = useQuery(messageQuery(mailId));
  const why = useRef<HTMLElement>(null);
  useCommand("why", () => {
    why.current?.closest("details")?.setAttribute("open", "");
    why.current?.focus();
    why.current?.scrollIntoView({ block: "nearest" });
  });
  useEffect(() => {
    why.current?.closest("div")?.parentElement?.scrollTo({ top: 0 });
  }, [mailId]);
  if (data === undefined) {
    return null;
  }
  return (
    <aside className={css.side} aria-label={t("side.summary")}>
      <LinkCard message={data} />
      <section className={css.card} ref={why} tabIndex={-1}>
        <Why message={data} />
        <WhyGroups message={data} />
      </section>
      <KeepingCard mailId={mailId} />
      {data.defects.length === 0 ? null : (
        <section className={css.card}>
          <Defects message={data} />
        </section>
      )}
      <section className={css.card}>
        <SubHeading className={css.cardHead}>{t("side.placements")}</SubHeading>
        <Placements of={data.placements} />
        {data.twins.length === 0 ? null : <Twins message={data} />}
      </section>
      <section className={css.card}>
        <SubHeading className={css.cardHead}>{t("side.facts")}</SubHeading>
        <Facts message={data} />
      </section>
    </aside>
  );
}

function Why({ message }: { message: MessageDetail }) {
  const { t } = useTranslation();
  const { percent } = useFormats();
  const { tone, icon } = KINDS[message.kind];
  const { verdict } = message;
  return (
    <>
      <div className={css.cardHead}>
        <SubHeading>{t("side.why")}</SubHeading>
        <Pill tone={tone} icon={icon}>
          {t(`kinds.${message.kind}`)}
        </Pill>
      </div>
      {verdict.evidence.length === 0 ? (
        <p>{message.kind === "personal" ? t("side.whyPersonal") : t("side.whyUnknown")}</p>
      ) : (
        <ol className={css.steps}>
          {verdict.evidence.map(({ rule, where }, at) => (
            <li key={at}>
              {wordOr(t, `rules.${rule.replaceAll(".", "_")}`, t("side.rule", { rule }))}
              <small>{placeText(t, where)}</small>
            </li>
          ))}
        </ol>
      )}
      {verdict.confidence < 1 && verdict.evidence.length > 0 ? (
        <p>{t("side.confidence", { percent: percent(verdict.confidence) })}</p>
      ) : null}
      {verdict.reports.map((report, at) => (
        <Report key={at} report={report} />
      ))}
      {verdict.original === null ? null : <Original message={message} />}
      {verdict.auto_reply?.until == null ? null : <Until until={verdict.auto_reply.until} />}
    </>
  );
}

function Until({ until }: { until: string }) {
  const { t } = useTranslation();
  const { shortDate } = useFormats();
  return <p>{t("side.until", { date: shortDate(until) })}</p>;
}

/** What a report says of one recipient. */
function Report({ report }: { report: RecipientReport }) {
  const { t } = useTranslation();
  const codes = [report.smtp_code, report.status].filter((code) => code !== null).join(" · ");
  const tone = { permanent: "danger", temporary: "warn", unknown: "neutral" } as const;
  return (
    <dl className={css.facts}>
      <dt>{t("side.recipient")}</dt>
      <dd>
        {report.recipient ?? report.original_recipient ?? t("side.unknownRecipient")}{" "}
        <Pill tone={tone[report.permanence]}>{t(`side.permanence.${report.permanence}`)}</Pill>
      </dd>
      {report.reason === null ? null : (
        <>
          <dt>{t("side.reason")}</dt>
          <dd>{wordOr(t, `reasons.${report.reason}`, report.reason)}</dd>
        </>
      )}
      {codes === "" ? null : (
        <>
          <dt>{t("side.codes")}</dt>
          <dd className={css.mono}>{codes}</dd>
        </>
      )}
      {report.diagnostic === null ? null : (
        <>
          <dt>{t("side.diagnostic")}</dt>
          <dd className={css.mono}>{report.diagnostic}</dd>
        </>
      )}
      {report.remote_mta === null ? null : (
        <>
          <dt>{t("side.remote")}</dt>
          <dd className={css.mono}>{report.remote_mta}</dd>
        </>
      )}
    </dl>
  );
}

function Original({ message }: { message: MessageDetail }) {
  const { t } = useTranslation();
  const { shortDate } = useFormats();
  const original = message.verdict.original;
  if (original?.subject == null) {
    return null;
  }
  return (
    <dl className={css.facts}>
      <dt>{t("side.original")}</dt>
      <dd>
        <PlainLink to="/mail" search={{ q: `subject:${quote(original.subject)}` }}>
          {original.subject}
        </PlainLink>
        {original.date === null ? null : ` · ${shortDate(original.date)}`}
      </dd>
    </dl>
  );
}

function Defects({ message }: { message: MessageDetail }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  return (
    <>
      <div className={css.cardHead}>
        <SubHeading>{t("side.defects")}</SubHeading>
      </div>
      <p>{t("side.defectsWhat")}</p>
      <ul className={css.steps}>
        {message.defects.map(({ kind, at }, index) => (
          <li key={index}>
            {wordOr(t, `defects.${kind}`, kind)}
            <small>{t("side.octet", { at: number(at) })}</small>
          </li>
        ))}
      </ul>
    </>
  );
}

function Placements({ of }: { of: Placement[] }) {
  const { t } = useTranslation();
  const { shortDate } = useFormats();
  return (
    <ul className={css.steps}>
      {of.map((placement, at) => (
        <li key={at}>
          <b>{placement.account_name}</b> · {placement.mailbox === "" ? t("side.noMailbox") : placement.mailbox}
          {placement.locator === null ? null : <small className={css.mono}>{placement.locator}</small>}
          {placement.uid === null ? null : <small>UID {placement.uid}</small>}
          <small>{t("side.fetched", { at: shortDate(placement.fetched) })}</small>
          {placement.gone === null ? null : <small>{t("side.gone", { at: shortDate(placement.gone) })}</small>}
        </li>
      ))}
    </ul>
  );
}

function Twins({ message }: { message: MessageDetail }) {
  const { t } = useTranslation();
  const { octets } = useFormats();
  return (
    <details>
      <summary>{t("side.twins", { count: message.twins.length })}</summary>
      <p>{t("side.twinsWhat")}</p>
      {message.twins.map((twin) => (
        <div key={twin.mail_id}>
          <Anchor href={`/api/v1/messages/${twin.mail_id}/raw`} download size="sm">
            {t("side.twin", { size: octets(twin.octets) })}
          </Anchor>
        </div>
      ))}
    </details>
  );
}

function Facts({ message }: { message: MessageDetail }) {
  const { t } = useTranslation();
  const { octets } = useFormats();
  return (
    <dl className={css.facts}>
      <dt>{t("side.size")}</dt>
      <dd>{octets(message.octets)}</dd>
      {message.message_id === null ? null : (
        <>
          <dt>Message-ID</dt>
          <dd className={css.mono}>{message.message_id}</dd>
        </>
      )}
      <dt>SHA-256</dt>
      <dd className={css.mono}>{message.sha256}</dd>
      {message.verdict.source === null ? null : (
        <>
          <dt>{t("side.format")}</dt>
          <dd className={css.mono}>{message.verdict.source}</dd>
        </>
      )}
    </dl>
  );
}
