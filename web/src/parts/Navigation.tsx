import {
  IconAddressBook,
  IconBan,
  IconChartBar,
  IconChartDots,
  IconChevronRight,
  IconFileImport,
  IconFileUnknown,
  IconHandClick,
  IconHistory,
  IconInbox,
  IconLinkPlus,
  IconMailExclamation,
  IconMailbox,
  IconPackageImport,
  IconPaperclip,
  IconRuler2,
  IconSettings,
  IconStethoscope,
  IconTrash,
  IconUserCheck,
  IconUserSearch,
  IconUsersGroup,
} from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useLocation } from "@tanstack/react-router";
import { type ComponentType, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { accountsQuery, doctorQuery, mailboxesQuery, statusQuery } from "../api/queries";
import { useSession } from "../api/session";
import type { Account } from "../api/types";
import { approvalsQuery } from "../approvals/queries";
import { groupsQuery } from "../groups/queries";
import { useFormats } from "../lang/format";
import { quote } from "../search/words";
import { SPAM_PATH } from "../spam/useSpam";
import { FREQUENT_KINDS, KINDS, RARE_KINDS } from "./kinds";
import { PlainLink } from "./PlainLink";
import css from "./Shell.module.css";

type Icon = ComponentType<{ size?: number; stroke?: number; "aria-hidden"?: boolean }>;

interface Here {
  path: string;
  account: string | undefined;
  mailbox: string | undefined;
  q: string | undefined;
}

/** The pages that exist, and the mailboxes one may read. Exactly one entry is the current one. */
export function Navigation({ onGo }: { onGo?: () => void }) {
  const { t } = useTranslation();
  const here = useHere();
  const { user } = useSession();
  const [more, setMore] = useState(false);
  const inRare = RARE_KINDS.some((kind) => here.path === `/mail/${kind}`);
  const plain = here.account === undefined;
  return (
    <nav aria-label={t("nav.label")} onClick={(event) => clickedLink(event) && onGo?.()}>
      <ul className={css.navList}>
        <Entry icon={IconInbox} to="/mail/all" current={here.path === "/mail/all" && plain}>
          {t("nav.all")}
        </Entry>
        {FREQUENT_KINDS.map((kind) => (
          <Entry key={kind} icon={KINDS[kind].icon} to={`/mail/${kind}`} current={here.path === `/mail/${kind}` && plain}>
            {t(`kindsPlural.${kind}`)}
          </Entry>
        ))}
        <li>
          <button
            type="button"
            className={`${css.item} ${css.more}`}
            aria-expanded={more || inRare}
            onClick={() => setMore(!more)}
          >
            <IconChevronRight size={18} stroke={1.7} aria-hidden />
            <span>{t("nav.moreKinds")}</span>
          </button>
        </li>
        {more || inRare
          ? RARE_KINDS.map((kind) => (
              <Entry
                key={kind}
                icon={KINDS[kind].icon}
                to={`/mail/${kind}`}
                current={here.path === `/mail/${kind}` && plain}
              >
                {t(`kindsPlural.${kind}`)}
              </Entry>
            ))
          : null}
        <Entry icon={IconMailExclamation} to={SPAM_PATH} current={here.path === SPAM_PATH}>
          {t("spam.suspected")}
        </Entry>
        <Entry icon={IconPaperclip} to="/media" current={here.path === "/media"}>
          {t("nav.media")}
        </Entry>
        <Entry icon={IconUserSearch} to="/senders" current={here.path === "/senders"}>
          {t("nav.senders")}
        </Entry>
        <Entry icon={IconTrash} to="/mail/deleted" current={here.path === "/mail/deleted"}>
          {t("nav.deleted")}
        </Entry>
      </ul>
      <GroupEntries here={here} />
      <AccountEntries here={here} />
      <h2 className={css.group}>{t("nav.links")}</h2>
      <ul className={css.navList}>
        <Entry icon={IconLinkPlus} to="/import-list" current={here.path === "/import-list"}>
          {t("nav.importList")}
        </Entry>
        <Entry icon={IconChartDots} to="/import-list/statistics" current={here.path === "/import-list/statistics"}>
          {t("nav.linkStatistics")}
        </Entry>
      </ul>
      <h2 className={css.group}>{t("nav.bounces")}</h2>
      <ul className={css.navList}>
        <Entry icon={IconChartBar} to="/bounces" current={here.path === "/bounces"}>
          {t("nav.bounceOverview")}
        </Entry>
        <Entry
          icon={IconAddressBook}
          to="/bounces/addresses"
          current={here.path === "/bounces/addresses" || here.path.startsWith("/address/")}
        >
          {t("nav.addresses")}
        </Entry>
        <Entry icon={IconHandClick} to="/bounces/manual" current={here.path === "/bounces/manual"}>
          {t("nav.manual")}
        </Entry>
        <Entry icon={IconRuler2} to="/bounces/rules" current={here.path === "/bounces/rules"}>
          {t("nav.bounceRules")}
        </Entry>
        <Entry icon={IconUsersGroup} to="/bounces/lists" current={here.path.startsWith("/bounces/lists")}>
          {t("nav.lists")}
        </Entry>
        <Entry icon={IconBan} to="/bounces/suppression" current={here.path === "/bounces/suppression"}>
          {t("nav.suppression")}
        </Entry>
      </ul>
      <h2 className={css.group}>{t("nav.administration")}</h2>
      <ul className={css.navList}>
        {user.role === "auditor" ? null : (
          <Entry icon={IconFileImport} to="/imports" current={here.path === "/imports"}>
            {t("nav.imports")}
          </Entry>
        )}
        <Entry
          icon={IconFileUnknown}
          to="/quarantine"
          current={here.path === "/quarantine"}
          extra={<QuarantineCount />}
        >
          {t("nav.quarantine")}
        </Entry>
        <Entry icon={IconStethoscope} to="/doctor" current={here.path === "/doctor"} extra={<TroubleCount />}>
          {t("nav.doctor")}
        </Entry>
        <Entry icon={IconUserCheck} to="/approvals" current={here.path === "/approvals"} extra={<ApprovalCount />}>
          {t("nav.approvals")}
        </Entry>
        {user.role === "agent" ? null : (
          <Entry icon={IconHistory} to="/audit" current={here.path === "/audit"}>
            {t("nav.audit")}
          </Entry>
        )}
        <Entry icon={IconSettings} to="/settings/profile" current={here.path.startsWith("/settings")}>
          {t("nav.settings")}
        </Entry>
      </ul>
    </nav>
  );
}

function useHere(): Here {
  const location = useLocation();
  const search = location.search as Record<string, string | undefined>;
  return { path: location.pathname, account: search["account"], mailbox: search["mailbox"], q: search["q"] };
}

function clickedLink(event: React.MouseEvent): boolean {
  return event.target instanceof Element && event.target.closest("a") !== null;
}

interface EntryProps {
  icon?: Icon;
  to: string;
  search?: Record<string, string>;
  current: boolean;
  sub?: boolean;
  extra?: ReactNode;
  children: ReactNode;
}

function Entry({ icon: Sign, to, search, current, sub, extra, children }: EntryProps) {
  return (
    <li>
      <EntryLink to={to} current={current} {...(search && { search })} {...(sub && { sub })}>
        {Sign === undefined ? null : <Sign size={18} stroke={1.7} aria-hidden />}
        <span>{children}</span>
        {extra}
      </EntryLink>
    </li>
  );
}

function EntryLink({ to, search, current, sub, children }: Omit<EntryProps, "icon" | "extra">) {
  return (
    <PlainLink
      to={to}
      {...(search && { search })}
      className={sub === true ? `${css.item} ${css.sub}` : css.item}
      aria-current={current ? "page" : undefined}
    >
      {children}
    </PlainLink>
  );
}

function QuarantineCount() {
  const { data } = useQuery(statusQuery);
  const { number } = useFormats();
  const count = data?.quarantined ?? 0;
  return count === 0 ? null : <span className={css.count}>{number(count)}</span>;
}

function TroubleCount() {
  const { data } = useQuery(doctorQuery);
  const { number } = useFormats();
  const count = data?.conditions.length ?? 0;
  return count === 0 ? null : <span className={css.count}>{number(count)}</span>;
}

function ApprovalCount() {
  const { data } = useInfiniteQuery(approvalsQuery("waiting"));
  const { number } = useFormats();
  const count = data?.pages[0]?.items.filter((approval) => approval.may_approve).length ?? 0;
  return count === 0 ? null : <span className={css.count}>{number(count)}</span>;
}

/** Groups below each other; each leads to its mails. */
function GroupEntries({ here }: { here: Here }) {
  const { t } = useTranslation();
  const { data } = useQuery(groupsQuery);
  if (data === undefined || data.length === 0) {
    return null;
  }
  return (
    <>
      <h2 className={css.group}>{t("groups.title")}</h2>
      <ul className={css.navList}>
        {data.map(({ id, name }) => {
          const q = `group:${quote(name)}`;
          return (
            <Entry key={id} icon={IconUsersGroup} to="/mail" search={{ q }} current={here.path === "/mail" && here.q === q}>
              {name}
            </Entry>
          );
        })}
      </ul>
    </>
  );
}

/** Accounts below each other, each with its mailboxes on demand. */
function AccountEntries({ here }: { here: Here }) {
  const { t } = useTranslation();
  const { data } = useQuery(accountsQuery);
  const shown = data?.filter((account) => account.readable) ?? [];
  if (shown.length === 0) {
    return null;
  }
  return (
    <>
      <h2 className={css.group}>{t("nav.accounts")}</h2>
      <ul className={css.navList}>
        {shown.map((account) => (
          <AccountEntry key={account.id} account={account} here={here} />
        ))}
      </ul>
    </>
  );
}

function AccountEntry({ account, here }: { account: Account; here: Here }) {
  const { t } = useTranslation();
  const isHere = here.path === "/mail/all" && here.account === account.id;
  const [chosen, setChosen] = useState<boolean>();
  const open = chosen ?? isHere;
  const trouble = account.state.last_error !== null;
  return (
    <li>
      <div className={css.itemRow}>
        <EntryLink to="/mail/all" search={{ account: account.id }} current={isHere && here.mailbox === undefined}>
          {account.kind !== "import" ? (
            <IconMailbox size={18} stroke={1.7} aria-hidden />
          ) : (
            <IconPackageImport size={18} stroke={1.7} aria-hidden />
          )}
          <span>{account.name}</span>
          {trouble ? (
            <span className={css.dot} title={t("nav.trouble")}>
              <span className="sr-only">{t("nav.trouble")}</span>
            </span>
          ) : null}
        </EntryLink>
        <button
          type="button"
          className={css.chevron}
          aria-expanded={open}
          aria-label={t("nav.mailboxesOf", { name: account.name })}
          onClick={() => setChosen(!open)}
        >
          <IconChevronRight size={16} aria-hidden />
        </button>
      </div>
      {open ? <MailboxEntries account={account.id} here={here} /> : null}
    </li>
  );
}

function MailboxEntries({ account, here }: { account: string; here: Here }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const { data } = useQuery(mailboxesQuery(account));
  return (
    <ul className={css.navList}>
      {data?.map((mailbox) => (
        <Entry
          key={mailbox.id}
          to="/mail/all"
          search={{ account, mailbox: mailbox.id }}
          current={here.mailbox === mailbox.id}
          sub
          extra={<span className={css.count}>{number(mailbox.mails)}</span>}
        >
          {mailbox.special_use === "inbox" ? t("nav.inbox") : mailbox.name}
        </Entry>
      ))}
    </ul>
  );
}
