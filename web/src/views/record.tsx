import { Anchor, Button, Checkbox, Select, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconDownload, IconFileZip, IconMailOff, IconPaperclip } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { isProblem } from "../api/problem";
import { useSession } from "../api/session";
import type { RecordSheet } from "../api/types";
import { addressPath } from "../bounces/states";
import { FileDialog } from "../documents/FileDialog";
import { recordFoldersQuery } from "../documents/queries";
import { paths } from "../documents/tree";
import { useFormats } from "../lang/format";
import { AddAddress, ExtraAddressList } from "../links/ExtraAddresses";
import css from "../links/links.module.css";
import { recordAttachmentsQuery, type RecordFilter, recordMailsQuery, recordQuery } from "../links/queries";
import { RecordFacts } from "../links/RecordFacts";
import { recordPath, recordTitle } from "../links/words";
import { Loading } from "../parts/Loading";
import { More } from "../parts/More";
import { Empty, Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { PlainLink } from "../parts/PlainLink";

/** A record and what was written about it: all mails and attachments, its documents. */
export function RecordPage() {
  const { t } = useTranslation();
  const { kind, number } = useParams({ from: "/shell/record/$kind/$number" });
  const query = useQuery(recordQuery(kind, number));
  const { data, error } = query;
  const [typed, setTyped] = useState("");
  const [from, setFrom] = useState("");
  const [until, setUntil] = useState("");
  const [attached, setAttached] = useState(false);
  const [folder, setFolder] = useState("");
  const folders = paths((useQuery(recordFoldersQuery(kind, number)).data ?? []).map((one) => one.folder));
  const mayChange = useSession().user.role !== "auditor";
  const [text] = useDebouncedValue(typed.trim(), 250);
  const filter: RecordFilter = {
    ...(text !== "" && { text }),
    ...dayBegin("from", from, 0),
    ...dayBegin("until", until, 1),
    ...(attached && { has_attachment: true as const }),
    ...(folder !== "" && { folder: Number(folder) }),
  };
  return (
    <div className={page.page}>
      <div className={page.inner}>
        <PageHead title={recordTitle(t, { kind, number })} lead={t("record.lead")} />
        {isProblem(error, 404) ? (
          <Notice tone="warn" title={t("record.missing")}>
            {t("record.missingWhy")}
          </Notice>
        ) : (
          <Loading of={query} what={t("record.failed")} height={110} />
        )}
        {data === undefined ? null : (
          <div className={page.stack}>
            <section className={page.card}>
              <RecordFacts record={data.record} all />
              <Related sheet={data} />
            </section>
            {kind === "contact" ? (
              <section className={page.card} aria-label={t("contactAddresses.here")}>
                <h2>{t("contactAddresses.here")}</h2>
                <p className={page.dimmed}>{t("contactAddresses.hereWhat")}</p>
                <ExtraAddressList of={data.added} mayChange={mayChange} />
                {mayChange ? <AddAddress number={number} /> : null}
              </section>
            ) : null}
            <section className={page.card}>
              <h2>{t("record.filter")}</h2>
              <div className={css.tools}>
                <TextInput
                  type="search"
                  label={t("record.text")}
                  value={typed}
                  onChange={(event) => setTyped(event.currentTarget.value)}
                />
                <TextInput
                  type="date"
                  label={t("record.from")}
                  value={from}
                  onChange={(event) => setFrom(event.currentTarget.value)}
                />
                <TextInput
                  type="date"
                  label={t("record.until")}
                  value={until}
                  onChange={(event) => setUntil(event.currentTarget.value)}
                />
                <Checkbox
                  label={t("record.attached")}
                  checked={attached}
                  onChange={(event) => setAttached(event.currentTarget.checked)}
                />
                {folders.length === 0 ? null : (
                  <Select
                    label={t("record.folder")}
                    allowDeselect={false}
                    data={[
                      { value: "", label: t("record.allFolders") },
                      ...folders.map((one) => ({ value: String(one.folder.key), label: one.path })),
                    ]}
                    value={folder}
                    onChange={(value) => setFolder(value ?? "")}
                  />
                )}
              </div>
            </section>
            <Mails kind={kind} number={number} filter={filter} />
            <Attachments kind={kind} number={number} filter={filter} />
          </div>
        )}
      </div>
    </div>
  );
}

/** The begin of a day of the browser's calendar, or of the day behind it. */
function dayBegin(name: "from" | "until", day: string, later: number): RecordFilter {
  const [year, month, date] = day.split("-").map(Number);
  if (year === undefined || month === undefined || date === undefined || Number.isNaN(year + month + date)) {
    return {};
  }
  return { [name]: new Date(year, month - 1, date + later).toISOString() };
}

function Related({ sheet }: { sheet: RecordSheet }) {
  const { t } = useTranslation();
  const related = [
    ...(sheet.contact === null ? [] : [{ kind: "contact", number: sheet.contact }]),
    ...(sheet.quote === null ? [] : [{ kind: "quote", number: sheet.quote }]),
    ...sheet.items.map((number) => ({ kind: "item", number })),
  ];
  return (
    <dl className={css.facts}>
      {related.length === 0 ? null : (
        <>
          <dt>{t("record.related")}</dt>
          <dd>
            {related.map((record, at) => (
              <span key={`${record.kind} ${record.number}`}>
                {at === 0 ? null : ", "}
                <PlainLink to={recordPath(record)}>{recordTitle(t, record)}</PlainLink>
              </span>
            ))}
          </dd>
        </>
      )}
      {sheet.references.length === 0 ? null : (
        <>
          <dt>{t("record.references")}</dt>
          <dd>{sheet.references.join(", ")}</dd>
        </>
      )}
      {sheet.addresses.length === 0 ? null : (
        <>
          <dt>{t("record.addresses")}</dt>
          <dd>
            {sheet.addresses.map((address, at) => (
              <span key={address}>
                {at === 0 ? null : ", "}
                <PlainLink to={addressPath(address)}>{address}</PlainLink>
              </span>
            ))}
          </dd>
        </>
      )}
    </dl>
  );
}

interface ListProps {
  kind: string;
  number: string;
  filter: RecordFilter;
}

function Mails({ kind, number, filter }: ListProps) {
  const { t } = useTranslation();
  const { listDate, number: count } = useFormats();
  const mails = useInfiniteQuery(recordMailsQuery(kind, number, filter));
  const rows = mails.data?.pages.flatMap(({ items }) => items) ?? [];
  const total = mails.data?.pages[0]?.total ?? 0;
  const mayFile = useSession().user.role !== "auditor";
  const [filing, setFiling] = useState<string>();
  const words = new URLSearchParams(Object.entries(filter).map(([name, value]) => [name, String(value)])).toString();
  return (
    <section className={page.card} aria-label={t("record.mails")}>
      <div className={page.cardHead}>
        <h2>{t("record.mails")}</h2>
        {mails.isSuccess ? <span className={page.dimmed}>{count(total)}</span> : null}
        <Button
          component="a"
          className={page.end}
          size="xs"
          variant="default"
          href={`/api/v1/records/${kind}/${encodeURIComponent(number)}/messages.csv${words === "" ? "" : `?${words}`}`}
          download
          leftSection={<IconDownload size={15} aria-hidden />}
        >
          {t("record.export")}
        </Button>
        <Button
          component="a"
          size="xs"
          variant="default"
          href={`/api/v1/records/${kind}/${encodeURIComponent(number)}/documents.zip${words === "" ? "" : `?${words}`}`}
          download
          leftSection={<IconFileZip size={15} aria-hidden />}
        >
          {t("record.exportZip")}
        </Button>
      </div>
      <Loading of={mails} what={t("record.mailsFailed")} height={80} />
      {mails.isSuccess && rows.length === 0 ? <Empty icon={IconMailOff}>{t("record.noMails")}</Empty> : null}
      <ul className={css.mails}>
        {rows.map((row) => (
          <li key={row.mail_id}>
            <div className={css.line}>
              <PlainLink to={`/m/${row.mail_id}`} className={css.title}>
                {row.subject ?? t("list.noSubject")}
              </PlainLink>
              <span className={css.dimmed}>
                {row.attachments > 0 ? (
                  <IconPaperclip size={14} role="img" aria-label={t("list.hasAttachments")} />
                ) : null}{" "}
                <time dateTime={row.date}>{listDate(row.date)}</time>
              </span>
            </div>
            <div className={css.dimmed}>
              {row.from?.name ?? row.from?.address ?? t("list.unknownSender")} · {row.preview}
            </div>
            {mayFile ? (
              <Button
                size="compact-xs"
                variant="default"
                aria-label={t("documents.fileOf", { subject: row.subject ?? t("list.noSubject") })}
                onClick={() => setFiling(row.mail_id)}
              >
                {t("documents.file")}
              </Button>
            ) : null}
          </li>
        ))}
      </ul>
      <More of={mails} label={t("feedback.more")} failed={t("record.mailsFailed")} />
      {filing === undefined ? null : (
        <FileDialog mailId={filing} record={{ kind, number }} onClose={() => setFiling(undefined)} />
      )}
    </section>
  );
}

function Attachments({ kind, number, filter }: ListProps) {
  const { t } = useTranslation();
  const { listDate, octets, number: count } = useFormats();
  const found = useInfiniteQuery(recordAttachmentsQuery(kind, number, filter));
  const rows = found.data?.pages.flatMap(({ items }) => items) ?? [];
  const total = found.data?.pages[0]?.total ?? 0;
  return (
    <section className={page.card} aria-label={t("record.attachments")}>
      <div className={page.cardHead}>
        <h2>{t("record.attachments")}</h2>
        {found.isSuccess ? <span className={page.dimmed}>{count(total)}</span> : null}
      </div>
      <Loading of={found} what={t("record.attachmentsFailed")} height={80} />
      {found.isSuccess && rows.length === 0 ? <p className={page.dimmed}>{t("record.noAttachments")}</p> : null}
      <ul className={css.mails}>
        {rows.map((row) => (
          <li key={`${row.mail_id} ${row.part}`}>
            <div className={css.line}>
              <Anchor href={`/api/v1/messages/${row.mail_id}/parts/${row.part}`} download>
                {row.name ?? t("record.unnamed")}
              </Anchor>
              <span className={css.dimmed}>
                {octets(row.octets)} · {listDate(row.date)}
              </span>
            </div>
            <PlainLink to={`/m/${row.mail_id}`} className={css.dimmed}>
              {row.subject === "" ? t("list.noSubject") : row.subject}
            </PlainLink>
          </li>
        ))}
      </ul>
      <More of={found} label={t("feedback.more")} failed={t("record.attachmentsFailed")} />
    </section>
  );
}
