import { SegmentedControl, Select } from "@mantine/core";
import { IconInbox, IconMailCheck, IconMoodSmile, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { readFresh, useFresh } from "../api/live";
import { accountsQuery, mailboxesQuery } from "../api/queries";
import { useMayAdminister } from "../api/session";
import type { MessageRow } from "../api/types";
import { useFormats } from "../lang/format";
import { ListHead, MessageList } from "../list/MessageList";
import { type Filter, useMessages } from "../list/messages";
import type { Rows } from "../list/window";
import { isKind } from "../parts/kinds";
import { Empty } from "../parts/Notice";
import { MissingPage } from "../parts/RouteFailure";
import { PlainLink } from "../parts/PlainLink";
import { ReadingPanes } from "../reader/ReadingPanes";
import { usePageTitle } from "../parts/usePageTitle";
import { tagsQuery } from "../tags/queries";

const route = getRouteApi("/shell/mail/$view");

const FIRST_ROWS: Rows = { first: 0, end: 30 };

/** All mails, deleted ones, suspected spam, those of a kind, an account or a mailbox, with the one that is open beside them. */
export function MailView() {
  const { view } = route.useParams();
  return ["all", "deleted", "spam"].includes(view) || isKind(view) ? <Mails /> : <MissingPage />;
}

function Mails() {
  const { t } = useTranslation();
  const { number } = useFormats();
  const navigate = useNavigate();
  const { view } = route.useParams();
  const { account, mailbox, unread, tag, id } = route.useSearch();
  const filter = useMemo<Filter>(
    () => ({
      ...(account !== undefined && { account }),
      ...(mailbox !== undefined && { mailbox }),
      ...(isKind(view) && { kind: view }),
      ...(unread === "1" && { unread: true }),
      ...(tag !== undefined && { tag: Number(tag) }),
      ...(view === "deleted" && { deleted: true }),
      ...(view === "spam" && { spam: true }),
    }),
    [account, mailbox, view, unread, tag],
  );
  const [wanted, setWanted] = useState(FIRST_ROWS);
  const source = useMessages(filter, wanted);
  const total =
    source.total === undefined || source.isStale
      ? undefined
      : t("list.total", { count: source.total, shown: number(source.total) });
  const fresh = useFresh();
  const title = useTitle();
  usePageTitle(title);
  const base = useMemo(() => {
    const words = new URLSearchParams();
    Object.entries({ account, mailbox, unread, tag }).forEach(([name, value]) => value !== undefined && words.set(name, value));
    return { path: `/mail/${view}`, words: words.toString() };
  }, [account, mailbox, unread, tag, view]);
  const hrefOf = useCallback(
    (row: MessageRow) => `${base.path}?${base.words === "" ? "" : `${base.words}&`}id=${row.mail_id}`,
    [base],
  );
  const closed = base.words === "" ? base.path : `${base.path}?${base.words}`;
  const narrow = (by: { unread?: "1" | undefined; tag?: string | undefined }) =>
    void navigate({ to: "/mail/$view", params: { view }, search: { account, mailbox, id, unread, tag, ...by } });
  return (
    <ReadingPanes
      openId={id}
      closedHref={closed}
      listLabel={title}
      resting={<Empty icon={IconInbox}>{t("reader.nothingOpen")}</Empty>}
      list={
        <>
          <ListHead title={title} total={total}>
            <SegmentedControl
              size="xs"
              value={unread === "1" ? "unread" : "all"}
              onChange={(value) => narrow({ unread: value === "unread" ? "1" : undefined })}
              aria-label={t("list.filter")}
              data={[
                { value: "all", label: t("list.all") },
                { value: "unread", label: t("list.unread") },
              ]}
            />
            <TagSelect value={tag} onChange={(value) => narrow({ tag: value })} />
          </ListHead>
          <MessageList
            source={source}
            of={closed}
            label={title}
            hrefOf={hrefOf}
            closedHref={closed}
            deleted={view === "deleted"}
            openId={id}
            onWanted={setWanted}
            fresh={fresh}
            onFresh={readFresh}
            empty={
              <NoMails unread={unread === "1"} tagged={tag !== undefined} plain={view === "all" && account === undefined} view={view} />
            }
          />
        </>
      }
    />
  );
}

/** Only mails with one tag; nothing where there is none. */
function TagSelect({ value, onChange }: { value: string | undefined; onChange: (key: string | undefined) => void }) {
  const { t } = useTranslation();
  const { data } = useQuery(tagsQuery);
  if (data === undefined || (data.length === 0 && value === undefined)) {
    return null;
  }
  return (
    <Select
      size="xs"
      w={150}
      clearable
      searchable={data.length > 8}
      aria-label={t("list.tag")}
      placeholder={t("list.anyTag")}
      nothingFoundMessage={t("tags.none")}
      value={value ?? null}
      onChange={(key) => onChange(key ?? undefined)}
      data={data.map((tag) => ({ value: String(tag.key), label: tag.name }))}
    />
  );
}

function useTitle(): string {
  const { t } = useTranslation();
  const { view } = route.useParams();
  const { account, mailbox } = route.useSearch();
  const accounts = useQuery({ ...accountsQuery, enabled: account !== undefined });
  const mailboxes = useQuery({ ...mailboxesQuery(account ?? ""), enabled: account !== undefined && mailbox !== undefined });
  const name = accounts.data?.find((one) => one.id === account)?.name;
  const folder = mailboxes.data?.find((one) => one.id === mailbox);
  if (folder !== undefined) {
    const shown = folder.special_use === "inbox" ? t("nav.inbox") : folder.name;
    return name === undefined ? shown : `${name} · ${shown}`;
  }
  if (name !== undefined) {
    return name;
  }
  if (view === "deleted") {
    return t("nav.deleted");
  }
  if (view === "spam") {
    return t("spam.suspected");
  }
  return isKind(view) ? t(`kindsPlural.${view}`) : t("nav.all");
}

interface NoMailsProps {
  unread: boolean;
  tagged: boolean;
  plain: boolean;
  view: string;
}

/** One sentence and one action. */
function NoMails({ unread, tagged, plain, view }: NoMailsProps) {
  const { t } = useTranslation();
  const administrator = useMayAdminister();
  if (tagged) {
    return (
      <Empty icon={IconInbox} action={<PlainLink to={location.pathname}>{t("list.showAll")}</PlainLink>}>
        {t("list.noneTagged")}
      </Empty>
    );
  }
  if (unread) {
    return (
      <Empty icon={IconMoodSmile} action={<PlainLink to={location.pathname}>{t("list.showAll")}</PlainLink>}>
        {t("list.allRead")}
      </Empty>
    );
  }
  if (plain) {
    return (
      <Empty
        icon={IconInbox}
        action={
          administrator ? <PlainLink to="/settings/accounts/new">{t("accounts.add")}</PlainLink> : undefined
        }
      >
        {administrator ? t("list.noneYetAdministrator") : t("list.noneYet")}
      </Empty>
    );
  }
  if (view === "spam") {
    return <Empty icon={IconMailCheck}>{t("spam.none")}</Empty>;
  }
  return view === "deleted" ? (
    <Empty icon={IconTrash}>{t("list.noneDeleted")}</Empty>
  ) : (
    <Empty icon={IconInbox}>{t("list.noneHere")}</Empty>
  );
}
