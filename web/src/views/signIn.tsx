import { Anchor } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import { useMayAdminister } from "../api/session";
import { useFormats } from "../lang/format";
import { ClientDialog } from "../oauth/ClientDialog";
import { clientsQuery, type OauthClient } from "../oauth/queries";
import { AdminPage } from "../parts/AdminPage";
import { EditRemove } from "../parts/EditRemove";
import { Notice, Pill } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { RemoveDialog } from "../parts/RemoveDialog";

/** Services through which accounts log in instead of with a password. */
export function SignIn() {
  const { t } = useTranslation();
  const { shortDate, number } = useFormats();
  const administrator = useMayAdminister();
  const cache = useQueryClient();
  const query = useQuery({ ...clientsQuery, enabled: administrator });
  const { data } = query;
  const [edited, setEdited] = useState<OauthClient | "new">();
  const [removing, setRemoving] = useState<OauthClient>();
  return (
    <AdminPage
      title={t("oauth.title")}
      lead={t("oauth.lead")}
      add={t("oauth.add")}
      onAdd={() => setEdited("new")}
      of={query}
      failed={t("oauth.failed")}
    >
      <div className={page.stack}>
        {data?.items.length === 0 ? <Notice tone="info">{t("oauth.none")}</Notice> : null}
        {data?.items.map((one) => (
          <section key={one.id} className={page.card}>
            <div className={page.cardHead}>
              <h2>{one.name}</h2>
              <Pill tone="neutral">{t(`oauth.services.${one.service}`)}</Pill>
              <EditRemove
                edit={t("oauth.editNamed", { name: one.name })}
                remove={t("oauth.removeNamed", { name: one.name })}
                needed={one.accounts > 0}
                onEdit={() => setEdited(one)}
                onRemove={() => setRemoving(one)}
              />
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
              <p className={page.spaced}>
                {t("oauth.adminConsentWhat")}{" "}
                <Anchor href={one.admin_consent_url} target="_blank" rel="noreferrer" underline="always">
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
          label={t("common.remove")}
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
    </AdminPage>
  );
}
