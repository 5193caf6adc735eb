import { Button, Loader } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, done, take } from "../api/client";
import { useMayAdminister } from "../api/session";
import type { Account, SourceAction } from "../api/types";
import css from "../imports/imports.module.css";
import { useFormats } from "../lang/format";
import { Failure } from "../parts/Failure";
import page from "../parts/Page.module.css";
import { PlainLink } from "../parts/PlainLink";
import { tell } from "../parts/toast";

/** What is to be done in the mailbox itself: how much waits, and what was given up. Nothing is given up silently. */
export function AtSource({ account }: { account: Account }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const client = useQueryClient();
  const administrator = useMayAdminister();
  const key = ["accounts", account.id, "source_actions"];
  const found = useQuery({
    queryKey: key,
    queryFn: ({ signal }) =>
      take(
        api.GET("/api/v1/accounts/{account_id}/source_actions", { params: { path: { account_id: account.id } }, signal }),
      ),
  });
  const change = useMutation({
    mutationFn: (what: "retry" | "forget") => {
      const params = { path: { account_id: account.id } };
      return what === "retry"
        ? done(api.POST("/api/v1/accounts/{account_id}/source_actions/retry", { params }))
        : done(api.DELETE("/api/v1/accounts/{account_id}/source_actions", { params }));
    },
    onSuccess: async (_, what) => {
      await client.invalidateQueries({ queryKey: key });
      tell(t(what === "retry" ? "accounts.sourceRetried" : "accounts.sourceForgotten"));
    },
  });
  if (found.error !== null) {
    return <Failure error={found.error} what={t("accounts.sourceFailed")} retry={() => void found.refetch()} />;
  }
  if (found.data === undefined) {
    return <Loader size="sm" />;
  }
  const { items, waiting, given_up: givenUp } = found.data;
  if (waiting + givenUp === 0) {
    return null;
  }
  return (
    <section className={page.card}>
      <div className={page.cardHead}>
        <h2>{t("accounts.source")}</h2>
      </div>
      <p className={page.lead}>
        {t("accounts.sourceCounts", { waiting: number(waiting), givenUp: number(givenUp) })}
      </p>
      <ul className={css.failures}>
        {items.map((action) => (
          <Line key={action.key} action={action} />
        ))}
      </ul>
      {change.error === null ? null : <Failure error={change.error} what={t("accounts.sourceNotChanged")} />}
      {administrator ? (
        <div className={page.row}>
          {givenUp === 0 ? null : (
            <Button variant="default" loading={change.isPending} onClick={() => change.mutate("retry")}>
              {t("accounts.sourceRetry")}
            </Button>
          )}
          <Button variant="default" loading={change.isPending} onClick={() => change.mutate("forget")}>
            {t("accounts.sourceForget")}
          </Button>
        </div>
      ) : null}
    </section>
  );
}

function Line({ action }: { action: SourceAction }) {
  const { t } = useTranslation();
  const { shortDate } = useFormats();
  return (
    <li>
      <span>
        {action.subject == null ? (
          t("accounts.sourceHidden")
        ) : (
          <PlainLink to={`/m/${action.mail}`}>
            {action.subject === "" ? t("list.noSubject") : action.subject}
          </PlainLink>
        )}{" "}
        · {t(`accounts.sourceActions.${action.action}`, { target: action.target ?? "" })}
      </span>
      <span>
        {action.error} · {t("quarantine.attempts", { count: action.attempts })} · {shortDate(action.created)}
      </span>
    </li>
  );
}
