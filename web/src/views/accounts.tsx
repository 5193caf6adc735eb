import { Button, Checkbox, Progress } from "@mantine/core";
import { IconMailbox, IconPlus, IconRefresh, IconSettings } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { TFunction } from "i18next";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import css from "../accounts/accounts.module.css";
import { LeftOut } from "../accounts/LeftOut";
import { chosenAfter } from "../accounts/selection";
import { accountStateOf, isFetching, needsPerson } from "../accounts/state";
import { TogetherDialog } from "../accounts/TogetherDialog";
import { api, done, take } from "../api/client";
import { accountsQuery } from "../api/queries";
import { useSession } from "../api/session";
import type { Account } from "../api/types";
import { useFormats } from "../lang/format";
import { Loading } from "../parts/Loading";
import { Empty, Notice, Pill } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { PlainLink } from "../parts/PlainLink";
import { ButtonLink } from "../parts/ButtonLink";
import { tellFailure } from "../parts/toast";

/** All accounts with what they are doing and what is wrong. */
export function Accounts() {
  const { t } = useTranslation();
  const query = useQuery(accountsQuery);
  const { data } = query;
  const administrator = useSession().user.role === "administrator";
  return (
    <div className={page.inner}>
      <PageHead title={t("accounts.title")} lead={t("accounts.lead")}>
        {administrator ? (
          <ButtonLink to="/settings/accounts/new" leftSection={<IconPlus size={17} aria-hidden />}>
            {t("accounts.add")}
          </ButtonLink>
        ) : null}
      </PageHead>
      <Loading of={query} what={t("accounts.failed")} height={120} count={2} />
      {data?.length === 0 ? (
        <Empty
          icon={IconMailbox}
          action={administrator ? <PlainLink to="/settings/accounts/new">{t("accounts.add")}</PlainLink> : undefined}
        >
          {t("accounts.none")}
        </Empty>
      ) : null}
      {data === undefined ? null : <Cards accounts={data} choosable={administrator && data.length > 1} />}
    </div>
  );
}

/** All accounts; where there are several, some of them can be chosen and changed together. */
function Cards({ accounts, choosable }: { accounts: Account[]; choosable: boolean }) {
  const { t } = useTranslation();
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const [last, setLast] = useState<string>();
  const [changing, setChanging] = useState(false);
  const all = accounts.map(({ id }) => id);
  // Some may have gone meanwhile.
  const chosen = accounts.filter(({ id }) => ids.has(id));
  const none = () => setIds(new Set());
  const choose = (id: string, wholeRange: boolean) => {
    setIds(chosenAfter(ids, all, id, last, wholeRange));
    setLast(id);
  };
  return (
    <div
      onKeyDown={(event) => {
        if (event.target instanceof HTMLInputElement && event.target.type === "checkbox") {
          if (event.key === "Escape") {
            none();
          } else if (event.key === "a" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            setIds(new Set(all));
          }
        }
      }}
    >
      {choosable ? (
        <div className={css.choose} role="group" aria-label={t("accounts.together.choose")}>
          <Checkbox
            label={t("accounts.together.all")}
            checked={chosen.length === all.length}
            indeterminate={chosen.length > 0 && chosen.length < all.length}
            onChange={() => (chosen.length === all.length ? none() : setIds(new Set(all)))}
          />
          <span className={page.dimmed} role="status">
            {chosen.length === 0 ? t("accounts.together.hint") : t("accounts.together.chosen", { count: chosen.length })}
          </span>
          {chosen.length === 0 ? null : (
            <span className={`${page.row} ${page.end}`}>
              <Button size="xs" onClick={() => setChanging(true)}>
                {t("accounts.together.change")}
              </Button>
              <Button size="xs" variant="default" onClick={none}>
                {t("accounts.together.none")}
              </Button>
            </span>
          )}
        </div>
      ) : null}
      <div className={page.stack}>
        {accounts.map((account) => (
          <AccountCard
            key={account.id}
            account={account}
            box={
              choosable ? (
                <Checkbox
                  aria-label={t("accounts.together.one", { name: account.name })}
                  checked={ids.has(account.id)}
                  onChange={(event) => choose(account.id, isShifted(event.nativeEvent))}
                />
              ) : undefined
            }
          />
        ))}
      </div>
      {changing ? <TogetherDialog accounts={chosen} onClose={() => setChanging(false)} /> : null}
    </div>
  );
}

/** A click, or the space bar, with the shift key held. */
function isShifted(event: Event): boolean {
  return "shiftKey" in event && event.shiftKey === true;
}

function AccountCard({ account, box }: { account: Account; box?: ReactNode }) {
  const { t } = useTranslation();
  const { number, ago, shortDate } = useFormats();
  const { role } = useSession().user;
  const { tone, icon } = accountStateOf(account);
  const { connection, state } = account;
  return (
    <article className={page.card} aria-label={account.name}>
      <div className={page.cardHead}>
        <span className={css.name}>
          {box}
          <h2>{account.name}</h2>
        </span>
        <Pill tone={tone} icon={icon}>
          {state.state === "files" && account.handling.role === "archive"
            ? t("accounts.archive")
            : stateWords(t, account)}
        </Pill>
        <span className={`${page.row} ${page.end}`}>
          {account.kind !== "import" && account.active && role !== "auditor" ? <FetchButton account={account} /> : null}
          {account.kind !== "import" && role === "administrator" ? <ActiveButton account={account} /> : null}
          {role === "administrator" ? (
            <ButtonLink
              to={`/settings/accounts/${account.id}`}
              size="xs"
              variant="default"
              leftSection={<IconSettings size={15} aria-hidden />}
              aria-label={t("accounts.editNamed", { name: account.name })}
            >
              {t("accounts.edit")}
            </ButtonLink>
          ) : null}
        </span>
      </div>
      <LastError account={account} />
      {state.progress === null ? null : (
        <FetchProgress done={state.progress.done} total={state.progress.total} />
      )}
      <dl className={page.facts}>
        {account.address === null ? null : (
          <>
            <dt>{t("accounts.address")}</dt>
            <dd>{account.address}</dd>
          </>
        )}
        {connection == null ? null : (
          <>
            <dt>{t("accounts.server")}</dt>
            <dd>
              {connection.host}:{connection.port} · {t(`accounts.tlsShort.${connection.tls}`)} · {connection.login}
            </dd>
          </>
        )}
        {account.mails == null ? null : (
          <>
            <dt>{t("accounts.mails")}</dt>
            <dd>{number(account.mails)}</dd>
          </>
        )}
        {account.kind !== "import" ? (
          <>
            <dt>{t("accounts.lastSuccess")}</dt>
            <dd>
              {state.last_success === null ? (
                t("accounts.never")
              ) : (
                <time dateTime={state.last_success} title={shortDate(state.last_success)}>
                  {ago(state.last_success)}
                </time>
              )}
            </dd>
          </>
        ) : null}
        {state.until == null ? null : (
          <>
            <dt>{t("accounts.throttledUntil")}</dt>
            <dd>{shortDate(state.until)}</dd>
          </>
        )}
        {state.next_action !== null && !isFetching(state.state) ? (
          <>
            <dt>{t("accounts.next")}</dt>
            <dd>{ago(state.next_action)}</dd>
          </>
        ) : null}
        {state.quarantined === 0 ? null : (
          <>
            <dt>{t("accounts.quarantined")}</dt>
            <dd>
              <PlainLink to="/quarantine">{number(state.quarantined)}</PlainLink>
            </dd>
          </>
        )}
      </dl>
      <LeftOut account={account} />
    </article>
  );
}

/** What an account is doing, with how far and until when. */
function stateWords(t: TFunction, { state }: Account): string {
  switch (state.state) {
    case "degraded":
      return t("accounts.states.degraded", { count: state.quarantined + state.failed });
    default:
      return t(`accounts.states.${state.state}`);
  }
}

/** What is wrong: its class in words, the server's own words, and since when. */
export function LastError({ account }: { account: Account }) {
  const { t } = useTranslation();
  const { shortDate, ago } = useFormats();
  const error = account.state.last_error;
  if (error == null) {
    return null;
  }
  return (
    <div className={page.spaced}>
      <Notice
        tone={needsPerson(account.state.state) ? "danger" : "warn"}
        title={t(`accounts.errors.${errorClass(error.class)}`)}
      >
        <div className={page.mono}>{error.text}</div>
        {t("accounts.since", { at: shortDate(error.since), ago: ago(error.since) })}{" "}
        {account.state.state === "needs_consent"
          ? t("accounts.needsLink")
          : needsPerson(account.state.state)
            ? t("accounts.needsYou")
            : t("accounts.triesAgain")}
      </Notice>
    </div>
  );
}

const CLASSES = [
  "name",
  "connect",
  "tls",
  "greeting",
  "login",
  "consent",
  "folders",
  "protocol",
  "throttled",
  "settings",
  "storage",
] as const;

function errorClass(word: string): (typeof CLASSES)[number] | "internal" {
  return CLASSES.find((known) => known === word) ?? "internal";
}

export function FetchProgress({ done: finished, total }: { done: number; total: number }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const share = total === 0 ? 0 : (finished / total) * 100;
  const text = t("accounts.progress", { done: number(finished), total: number(total) });
  return (
    <div className={page.spaced}>
      <div className={page.dimmed}>{text}</div>
      <Progress value={share} aria-label={text} mt={4} />
    </div>
  );
}

function FetchButton({ account }: { account: Account }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const fetchNow = useMutation({
    mutationFn: () =>
      done(api.POST("/api/v1/accounts/{account_id}/fetch", { params: { path: { account_id: account.id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["accounts"] }),
    onError: (error) => tellFailure(t("accounts.notFetched"), error.message),
  });
  const running = isFetching(account.state.state);
  return (
    <Button
      size="xs"
      variant="default"
      leftSection={<IconRefresh size={15} aria-hidden />}
      loading={fetchNow.isPending}
      disabled={running}
      onClick={() => fetchNow.mutate()}
      aria-label={t("accounts.fetchNamed", { name: account.name })}
    >
      {t("accounts.fetch")}
    </Button>
  );
}

function ActiveButton({ account }: { account: Account }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: (active: boolean) =>
      take(
        api.PATCH("/api/v1/accounts/{account_id}", {
          params: { path: { account_id: account.id } },
          body: { active },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ["accounts"] }),
    onError: (error) => tellFailure(t("accounts.notChanged"), error.message),
  });
  return (
    <Button size="xs" variant="default" loading={change.isPending} onClick={() => change.mutate(!account.active)}>
      {account.active ? t("accounts.deactivate") : t("accounts.activate")}
    </Button>
  );
}
