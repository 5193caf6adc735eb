import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import type { Account, TestAnswer } from "../api/types";
import page from "../parts/Page.module.css";
import { tell } from "../parts/toast";
import { GRAPH_STEPS, TestPanel } from "./TestPanel";

/** Where the test that was made when an account was created is kept for its page. */
export const testedKey = (account: string) => ["tested", account] as const;

/** An account that is switched off: its settings are tried, and if they work it is fetched from then on. */
export function ActivateCard({ account }: { account: Account }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const params = { path: { account_id: account.id } };
  const before = client.getQueryData<TestAnswer>(testedKey(account.id));
  const activate = useMutation({
    mutationFn: async () => {
      const answer = await take(api.POST("/api/v1/accounts/{account_id}/test", { params }));
      if (answer.ok) {
        await take(api.PATCH("/api/v1/accounts/{account_id}", { params, body: { active: true } }));
      }
      return answer;
    },
    onSuccess: async (answer) => {
      client.setQueryData(testedKey(account.id), answer);
      if (answer.ok) {
        tell(t("accounts.activated", { name: account.name }));
        await client.invalidateQueries({ queryKey: ["accounts"] });
      }
    },
  });
  return (
    <section className={page.card} aria-label={t("accounts.inactive")}>
      <div className={page.cardHead}>
        <h2>{t("accounts.inactive")}</h2>
      </div>
      <p className={page.lead}>{t(before?.ok === false ? "accounts.inactiveFailed" : "accounts.inactiveWhat")}</p>
      <TestPanel
        answer={activate.data ?? before}
        error={activate.error}
        running={activate.isPending}
        onTest={() => activate.mutate()}
        label={t("accounts.testAndActivate")}
        {...(account.kind === "graph" && { shown: GRAPH_STEPS })}
      />
    </section>
  );
}
