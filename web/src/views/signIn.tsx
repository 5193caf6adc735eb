import { Anchor, Button } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import { useMayAdminister } from "../api/session";
import { RemoveDialog } from "../bounces/RemoveDialog";
import { useFormats } from "../lang/format";
import { ClientDialog } from "../oauth/ClientDialog";
import { clientsQuery, type OauthClient } from "../oauth/queries";
import { Failure } from "../parts/Failure";
import { Notice, Pill } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";

/** Services through which accounts log in instead of with a password. */
export function SignIn() {
  const { t } = useTranslation();
  const { shortDate, number } = useFormats();
  const administrator = useMayAdminister();
  const cache = useQueryClient();
  const { data, error, refetch } = useQuery({ ...clientsQuery, enabled: administrator });
  const [edited, setEdited] = useState<OauthClient | "new">();
  const [removing, setRemoving] = useState<OauthClient>();
  return (
    <div className={page.inner}>
      <PageHead title={t("oauth.title")} lead={t("oauth.lead")}>
        {administrator ? <Button onClick={() => setEdited("new")}>{t("oauth.add")}</Button> : null}
      </PageHead>
      {administrator ? null : <Notice tone="info">{t("settings.administratorsOnly")}</Notice>}
      {error === null ? null : <Failure error={error} what={t("oauth.failed")} retry={() => void refetch()} />}
      <div className={page.stack}>
        {data?.items.length === 0 ? <Notice tone="info">{t("oauth.none")}</Notice> : null}
        {data?.items.map((one) => (
          <section key={one.id} className={page.card}>
            <div className={page.cardHead}>
              <h2>{one.name}</h2>
              <Pill tone="neutral">{t(`oauth.services.${one.service}`)}</Pill>
              <span className={`${page.row} ${page.end}`}>
                <Button
                  size="compact-sm"
                  variant="default"
                  aria-label={t("sending.editNamed", { name: one.name })}
                  onClick={() => setEdited(one)}
                >
                  {t("sending.edit")}
                </Button>
                <Button
                  size="compact-sm"
                  variant="default"
                  disabled={one.accounts > 0}
                  aria-label={t("sending.removeNamed", { name: one.name })}
                  onClick={() => setRemoving(one)}
                >
                  {t("sending.remove")}
                </Button>
              </span>
            </div>
            <dl className={page.facts}>
              <dt>{t("oauth.clientId")}</dt>
              <dd>{one.client_id}</dd>
              <dt>{t("oauth.accounts")}</dt>
              <dd>{number(one.accounts)}</dd>
              {one.secret_expires == null ? null : (
                <>
                  <dt>{t("oauth.secretUntil")}</dt>
                  <dd>{shortDate(one.secret_expires)}</dd>
                </>
              )}
            </dl>
            {one.admin_consent_url == null ? null : (
              <p>
                {t("oauth.adminConsentWhat")}{" "}
                <Anchor href={one.admin_consent_url} target="_blank" rel="noreferrer">
                  {t("oauth.adminConsent")}
                </Anchor>
              </p>
            )}
          </section>
        ))}
      </div>
      {edited === undefined ? null : (
        <ClientDialog
          client={edited === "new" ? undefined : edited}
          onSaved={() => setEdited(undefined)}
          onClose={() => setEdited(undefined)}
        />
      )}
      {removing === undefined ? null : (
        <RemoveDialog
          title={t("oauth.removeTitle", { name: removing.name })}
          means={t("oauth.removeMeans")}
          label={t("sending.removeNow")}
          failed={t("oauth.notRemoved")}
          remove={() =>
            done(
              api.DELETE("/api/v1/oauth/clients/{oauth_client_id}", {
                params: { path: { oauth_client_id: removing.id } },
              }),
            )
          }
          onRemoved={() => cache.invalidateQueries({ queryKey: ["oauth"] })}
          onClose={() => setRemoving(undefined)}
        />
      )}
    </div>
  );
}
