import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import type { Account } from "../api/types";
import css from "../imports/imports.module.css";
import { useFormats } from "../lang/format";
import { Loading } from "../parts/Loading";
import { More } from "../parts/More";
import page from "../parts/Page.module.css";

const PAGE = 100;

/** Mails at the source that are not archived: left out by a rule, or failed and tried again. None is missing silently. */
export function LeftOut({ account }: { account: Account }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const [open, setOpen] = useState(false);
  const { excluded, failed } = account.state;
  if (excluded + failed === 0) {
    return null;
  }
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className={css.summary}>
        {t("accounts.leftOut", { failed: number(failed), excluded: number(excluded) })}
      </summary>
      {open ? <Mails account={account.id} /> : null}
    </details>
  );
}

function Mails({ account }: { account: string }) {
  const { t } = useTranslation();
  const { shortDate } = useFormats();
  const found = useInfiniteQuery({
    queryKey: ["accounts", account, "left_out"],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/accounts/{account_id}/left_out", {
          params: { path: { account_id: account }, query: { offset: pageParam, limit: PAGE } },
          signal,
        }),
      ),
    initialPageParam: 0,
    getNextPageParam: (last, pages) => (pages.length * PAGE < last.total ? pages.length * PAGE : null),
  });
  if (found.data === undefined) {
    return <Loading of={found} what={t("accounts.leftOutFailed")} height={48} />;
  }
  return (
    <>
      <ul className={css.failures}>
        {found.data.pages
          .flatMap((one) => one.items)
          .map((mail, at) => (
            <li key={at}>
              <span className={page.mono}>
                {mail.mailbox} · {mail.locator ?? `UID ${mail.uid ?? "?"}`}
              </span>
              <span>
                {mail.excluded ? t("accounts.excludedBy", { rule: mail.reason }) : mail.reason}
                {mail.excluded ? null : ` · ${t("quarantine.attempts", { count: mail.attempts })}`} ·{" "}
                {shortDate(mail.last)}
              </span>
            </li>
          ))}
      </ul>
      <More of={found} label={t("accounts.moreLeftOut")} failed={t("accounts.leftOutFailed")} />
    </>
  );
}
