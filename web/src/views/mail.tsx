import { SegmentedControl } from "@mantine/core";
import { IconInbox, IconMoodSmile } from "@tabler/icons-react";
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

const route = getRouteApi("/shell/mail/$view");

const FIRST_ROWS: Rows = { first: 0, end: 30 };

/** All mails, those of a kind, an account or a mailbox, with the one that is open beside them. */
export function MailView() {
  const { view } = route.useParams();
  return view === "all" || isKind(view) ? <Mails /> : <MissingPage />;
}

function Mails() {
  const { t } = useTranslation();
  const { number } = useFormats();
  const navigate = useNavigate();
  const { view } = route.useParams();
  const { account, mailbox, unread, id } = route.useSearch();
  const filter = useMemo<Filter>(
    () => ({
      ...(account !== undefined && { account }),
      ...(mailbox !== undefined && { mailbox }),
      ...(isKind(view) && { kind: view }),
      ...(unread === "1" && { unread: true }),
    }),
    [account, mailbox, view, unread],
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
    Object.entries({ account, mailbox, unread }).forEach(([name, value]) => value !== undefined && words.set(name, value));
    return { path: `/mail/${view}`, words: words.toString() };
  }, [account, mailbox, unread, view]);
  const hrefOf = useCallback(
    (row: MessageRow) => `${base.path}?${base.words === "" ? "" : `${base.words}&`}id=${row.mail_id}`,
    [base],
  );
  const closed = base.words === "" ? base.path : `${base.path}?${base.words}`;
  const setUnread = (value: string) =>
    void navigate({
      to: "/mail/$view",
      params: { view },
      search: { account, mailbox, id, unread: value === "unread" ? "1" : undefined },
    });
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
              onChange={setUnread}
              aria-label={t("list.filter")}
              data={[
                { value: "all", label: t("list.all") },
                { value: "unread", label: t("list.unread") },
              ]}
            />
          </ListHead>
          <MessageList
            source={source}
            of={closed}
            label={title}
            hrefOf={hrefOf}
            openId={id}
            onWanted={setWanted}
            fresh={fresh}
            onFresh={readFresh}
            empty={<NoMails unread={unread === "1"} plain={view === "all" && account === undefined} />}
          />
        </>
      }
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
  return isKind(view) ? t(`kindsPlural.${view}`) : t("nav.all");
}

/** One sentence and one action. */
function NoMails({ unread, plain }: { unread: boolean; plain: boolean }) {
  const { t } = useTranslation();
  const administrator = useMayAdminister();
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
  return <Empty icon={IconInbox}>{t("list.noneHere")}</Empty>;
}
