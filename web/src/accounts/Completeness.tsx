import { Button } from "@mantine/core";
import { IconCircleCheck, IconExclamationCircle, IconScale } from "@tabler/icons-react";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Fragment, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done, take } from "../api/client";
import { ledgersQuery } from "../api/queries";
import { useSession } from "../api/session";
import type { Account, Ledger } from "../api/types";
import css from "../imports/imports.module.css";
import { useFormats } from "../lang/format";
import { Loading } from "../parts/Loading";
import { More } from "../parts/More";
import { Pill } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { tell, tellFailure } from "../parts/toast";

/** The mailboxes of an account against their server: nothing is missing silently. */
export function Completeness({ account }: { account: Account }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { role } = useSession().user;
  const ledgers = useQuery(ledgersQuery(account.id));
  const { data } = ledgers;
  const works = role !== "auditor" && account.active;
  const compare = useMutation({
    mutationFn: () =>
      done(api.POST("/api/v1/accounts/{account_id}/compare", { params: { path: { account_id: account.id } } })),
    onSuccess: async () => {
      tell(t("accounts.completeness.asked"));
      await client.invalidateQueries({ queryKey: ["accounts"] });
    },
    onError: (failure) => tellFailure(t("accounts.completeness.notAsked"), failure.message),
  });
  return (
    <section className={page.card} aria-label={t("accounts.completeness.title")}>
      <div className={page.cardHead}>
        <h2>{t("accounts.completeness.title")}</h2>
        {works ? (
          <span className={page.end}>
            <Button
              size="xs"
              variant="default"
              leftSection={<IconScale size={15} aria-hidden />}
              loading={compare.isPending}
              onClick={() => compare.mutate()}
            >
              {t("accounts.completeness.compare")}
            </Button>
          </span>
        ) : null}
      </div>
      <p className={page.lead}>{t("accounts.completeness.lead")}</p>
      <Loading of={ledgers} what={t("accounts.completeness.failed")} height={80} />
      {data?.length === 0 ? <p>{t("accounts.completeness.never")}</p> : null}
      {data?.map((ledger) => (
        <OneMailbox key={ledger.mailbox} account={account.id} ledger={ledger} works={works} />
      ))}
    </section>
  );
}

function OneMailbox({ account, ledger, works }: { account: string; ledger: Ledger; works: boolean }) {
  const { t } = useTranslation();
  const { number, ago } = useFormats();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const anew = useMutation({
    mutationFn: () =>
      take(
        api.POST("/api/v1/accounts/{account_id}/ledgers/{mailbox_id}/anew", {
          params: { path: { account_id: account, mailbox_id: ledger.mailbox } },
        }),
      ),
    onSuccess: async ({ count }) => {
      tell(t("accounts.completeness.anewDone", { count }));
      await client.invalidateQueries({ queryKey: ["accounts"] });
    },
    onError: (failure) => tellFailure(t("accounts.completeness.notAnew"), failure.message),
  });
  const here = ledger.missing + ledger.failed === 0;
  const rest = ledger.missing + ledger.failed + ledger.quarantined + ledger.excluded + ledger.pending;
  const counts = [
    ["source", ledger.source],
    ["archived", ledger.archived],
    ["missing", ledger.missing],
    ["failedMails", ledger.failed],
    ["quarantined", ledger.quarantined],
    ["excluded", ledger.excluded],
    ["pending", ledger.pending],
    ["gone", ledger.gone],
  ] as const;
  return (
    <article className={page.spaced} aria-label={ledger.name}>
      <div className={page.row}>
        <strong>{ledger.name}</strong>
        {ledger.missing > 0 ? (
          <Pill tone="danger" icon={IconExclamationCircle}>
            {t("accounts.completeness.incomplete")}
          </Pill>
        ) : (
          <Pill tone={here ? "ok" : "warn"} icon={here ? IconCircleCheck : IconExclamationCircle}>
            {t(here ? "accounts.completeness.complete" : "accounts.completeness.incomplete")}
          </Pill>
        )}
        <span className={page.dimmed}>{t("accounts.completeness.at", { ago: ago(ledger.at) })}</span>
        {!here && works ? (
          <Button
            size="xs"
            loading={anew.isPending}
            onClick={() => anew.mutate()}
            aria-label={t("accounts.completeness.anewNamed", { name: ledger.name })}
          >
            {t("accounts.completeness.anew")}
          </Button>
        ) : null}
      </div>
      <dl className={page.facts}>
        {counts
          .filter(([name, count]) => count > 0 || name === "source" || name === "archived")
          .map(([name, count]) => (
            <Fragment key={name}>
              <dt>{t(`accounts.completeness.${name}`)}</dt>
              <dd>{number(count)}</dd>
            </Fragment>
          ))}
      </dl>
      {rest === 0 ? null : (
        <details onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary className={css.summary}>{t("accounts.completeness.rows")}</summary>
          {open ? <Rows account={account} ledger={ledger} /> : null}
        </details>
      )}
    </article>
  );
}

function Rows({ account, ledger }: { account: string; ledger: Ledger }) {
  const { t } = useTranslation();
  const found = useInfiniteQuery({
    queryKey: ["accounts", account, "ledgers", ledger.mailbox, ledger.at],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/accounts/{account_id}/ledgers/{mailbox_id}", {
          params: {
            path: { account_id: account, mailbox_id: ledger.mailbox },
            query: { limit: 100, ...(pageParam !== null && { cursor: pageParam }) },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
  if (found.data === undefined) {
    return <Loading of={found} what={t("accounts.completeness.failed")} height={48} />;
  }
  return (
    <>
      <ul className={css.failures}>
        {found.data.pages
          .flatMap((one) => one.items)
          .map(({ reason, first, last, name }, at) => (
            <li key={at}>
              <span className={page.mono}>
                {name ??
                  (first === last
                    ? t("accounts.completeness.uid", { first: String(first) })
                    : t("accounts.completeness.range", { first: String(first), last: String(last) }))}
              </span>
              <span>{t(`accounts.completeness.reasons.${reason}`)}</span>
            </li>
          ))}
      </ul>
      <More of={found} label={t("accounts.completeness.more")} failed={t("accounts.completeness.failed")} />
    </>
  );
}
