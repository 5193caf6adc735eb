import { Anchor, Button } from "@mantine/core";
import { IconExternalLink, IconLinkPlus, IconUserPlus, IconUserQuestion } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../api/session";
import type { LinkedRecord, MessageDetail, RecordLink } from "../api/types";
import { FileDialog } from "../documents/FileDialog";
import { useCommand } from "../keys/dispatch";
import { Loading } from "../parts/Loading";
import { Pill } from "../parts/Notice";
import { PlainLink } from "../parts/PlainLink";
import { SubHeading } from "../parts/SubHeading";
import reader from "../reader/Reader.module.css";
import { wordOr } from "../reader/words";
import { ContactDialog } from "./ContactDialog";
import css from "./links.module.css";
import { messageLinksQuery } from "./queries";
import { RecordFacts } from "./RecordFacts";
import { RecordPicker } from "./RecordPicker";
import { RemoveLink } from "./RemoveLink";
import { Suggestions } from "./Suggestions";
import { Trace } from "./Trace";
import { useLinkChange } from "./useLinkChange";
import { keyOf, recordPath, recordTitle } from "./words";

type Asked =
  | { what: "add" | "why" | "contact" }
  | { what: "change" | "file" | "remove"; record: LinkedRecord };

/** What a mail is linked to, why, and what a person may change about it. */
export function LinkCard({ message }: { message: MessageDetail }) {
  const { t } = useTranslation();
  const query = useQuery(messageLinksQuery(message.mail_id));
  const mayChange = useSession().user.role !== "auditor";
  const change = useLinkChange();
  const [asked, setAsked] = useState<Asked>();
  useCommand("link", () => setAsked({ what: "add" }), mayChange);
  const { data } = query;
  const mails = [message.mail_id];
  const close = () => setAsked(undefined);
  return (
    <section className={reader.card} aria-busy={change.isPending}>
      <div className={reader.cardHead}>
        <SubHeading>{t("side.links")}</SubHeading>
        {data?.links.length === 0 ? <Pill tone="neutral">{t("side.noLinks")}</Pill> : null}
        {data?.stranger === true ? (
          <Pill tone="warn" icon={IconUserQuestion}>
            {t("links.stranger")}
          </Pill>
        ) : null}
      </div>
      <Loading of={query} what={t("links.failed")} height={70} />
      {data === undefined ? null : (
        <>
          {data.stranger ? <p className={css.how}>{t("links.strangerWhat")}</p> : null}
          {data.links.map((link) => (
            <div key={`${link.record.kind} ${link.record.number}`} className={css.link}>
              <LinkRow link={link} />
              {mayChange ? (
                <div className={css.row}>
                  <Button
                    size="compact-sm"
                    variant="default"
                    aria-label={t("documents.fileUnder", { record: recordTitle(t, link.record) })}
                    onClick={() => setAsked({ what: "file", record: link.record })}
                  >
                    {t("documents.file")}
                  </Button>
                  <Button
                    size="compact-sm"
                    variant="default"
                    aria-label={t("links.changeOf", { record: recordTitle(t, link.record) })}
                    onClick={() => setAsked({ what: "change", record: link.record })}
                  >
                    {t("links.change")}
                  </Button>
                  <Button
                    size="compact-sm"
                    variant="default"
                    aria-label={t("links.removeOf", { record: recordTitle(t, link.record) })}
                    onClick={() => setAsked({ what: "remove", record: link.record })}
                  >
                    {t("links.remove")}
                  </Button>
                </div>
              ) : null}
            </div>
          ))}
          <Suggestions mails={mails} of={data.suggestions} mayChange={mayChange} onChange={change.mutate} />
          {data.unknown.length === 0 ? null : (
            <p className={css.how}>
              {t("links.unknown", { numbers: data.unknown.map((name) => recordTitle(t, name)).join(", ") })}
            </p>
          )}
          {data.removed.length === 0 ? null : (
            <p className={css.how}>
              {t("links.removedOnes", { numbers: data.removed.map(({ record }) => recordTitle(t, record)).join(", ") })}
            </p>
          )}
          <div className={css.row}>
            {mayChange ? (
              <Button
                size="compact-sm"
                variant="default"
                leftSection={<IconLinkPlus size={15} aria-hidden />}
                onClick={() => setAsked({ what: "add" })}
              >
                {t("links.add")}
              </Button>
            ) : null}
            {data.outcome === null ? null : (
              <Button size="compact-sm" variant="default" onClick={() => setAsked({ what: "why" })}>
                {t("links.why")}
              </Button>
            )}
            {mayChange && data.stranger && !data.links.some(({ record }) => record.kind === "contact") ? (
              <Button
                size="compact-sm"
                variant="default"
                leftSection={<IconUserPlus size={15} aria-hidden />}
                onClick={() => setAsked({ what: "contact" })}
              >
                {t("links.newContact")}
              </Button>
            ) : null}
          </div>
          {data.jumps.length === 0 ? null : (
            <div className={css.row}>
              {data.jumps.map(({ name, url }) => (
                <Anchor key={name} href={url} target="_blank" rel="noreferrer" size="sm">
                  {name} <IconExternalLink size={13} aria-hidden />
                </Anchor>
              ))}
            </div>
          )}
        </>
      )}
      {asked?.what === "add" ? (
        <RecordPicker
          title={t("links.add")}
          onClose={close}
          onPick={(record) => {
            close();
            change.mutate({ mails, set: [record] });
          }}
        />
      ) : null}
      {asked?.what === "change" ? (
        <RecordPicker
          title={t("links.changeOf", { record: recordTitle(t, asked.record) })}
          onClose={close}
          onPick={(record) => {
            close();
            change.mutate({ mails, set: [record], remove: [nameOf(asked.record)] });
          }}
        />
      ) : null}
      {asked?.what === "remove" ? (
        <RemoveLink
          record={asked.record}
          onClose={close}
          onRemove={(remember) => {
            close();
            change.mutate({ mails, remove: [nameOf(asked.record)], remember });
          }}
        />
      ) : null}
      {asked?.what === "file" ? (
        <FileDialog mailId={message.mail_id} record={nameOf(asked.record)} onClose={close} />
      ) : null}
      {asked?.what === "why" ? <Trace mailId={message.mail_id} onClose={close} /> : null}
      {asked?.what === "contact" ? <ContactDialog message={message} onClose={close} /> : null}
    </section>
  );
}

function nameOf({ kind, number }: LinkedRecord) {
  return { kind, number };
}

function LinkRow({ link }: { link: RecordLink }) {
  const { t } = useTranslation();
  const how = wordOr(t, `links.how.${keyOf(link.how)}`, link.how);
  return (
    <>
      <PlainLink to={recordPath(link.record)} className={css.title}>
        {recordTitle(t, link.record)}
      </PlainLink>
      <RecordFacts record={link.record} />
      <div className={css.how}>{link.user === null ? how : t("links.howBy", { how, name: link.user })}</div>
    </>
  );
}
