import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { Delayed } from "../parts/Delayed";
import { Failure } from "../parts/Failure";
import { Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { PlainLink } from "../parts/PlainLink";
import { tell } from "../parts/toast";

const route = getRouteApi("/shell/oauth/callback");

/** Where a person comes back to from the page of a sign-in service. */
export function OauthReturn() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const cache = useQueryClient();
  const { state, code, error, error_description, admin_consent } = route.useSearch();
  const isAdminConsent = admin_consent !== undefined && error === undefined;
  const asked = useRef(false);
  const { mutate, error: failure } = useMutation({
    mutationFn: () =>
      take(
        api.POST("/api/v1/oauth/return", {
          body: {
            state: state ?? "",
            code: code ?? null,
            error: error ?? null,
            error_description: error_description ?? null,
          },
        }),
      ),
    onSuccess: async ({ account, name, used }) => {
      if (used) {
        tell(t("oauth.linkedNow", { name }));
      }
      await cache.invalidateQueries({ queryKey: ["accounts"] });
      await navigate({ to: "/settings/accounts/$accountId", params: { accountId: account }, replace: true });
    },
  });
  // The code is good once.
  useEffect(() => {
    if (!asked.current && !isAdminConsent) {
      asked.current = true;
      mutate();
    }
  }, [mutate, isAdminConsent]);
  return (
    <div className={page.page}>
      <div className={page.inner}>
        <PageHead title={t("oauth.returnTitle")} />
        {isAdminConsent ? <Notice tone="ok">{t("oauth.adminConsented")}</Notice> : null}
        {failure === null && !isAdminConsent ? <Delayed>{t("oauth.returning")}</Delayed> : null}
        {failure === null ? null : <Failure error={failure} what={t("oauth.notLinked")} />}
        {failure === null && !isAdminConsent ? null : (
          <p>
            <PlainLink to="/settings/accounts">{t("oauth.toAccounts")}</PlainLink>
          </p>
        )}
      </div>
    </div>
  );
}
