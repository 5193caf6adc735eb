import { Select } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type AccountForm, GRAPH_HOST, portOf } from "../accounts/form";
import { ClientDialog } from "./ClientDialog";
import { clientsQuery, type OauthClient, type OauthService, SERVICES } from "./queries";

const PASSWORD = "password";
/** Before the name of a service that has no application yet. */
const NEW = "new:";

/** Mail servers of the services that have one. */
const HOSTS: Partial<Record<OauthService, Partial<Record<AccountForm["kind"], string>>>> = {
  microsoft_graph: { graph: GRAPH_HOST },
  microsoft: { imap: "outlook.office365.com", pop3: "outlook.office365.com" },
  google: { imap: "imap.gmail.com", pop3: "pop.gmail.com" },
};

/** A token of Microsoft is for Microsoft Graph or for its mail servers, never for both. */
function fitsKind(service: OauthService, kind: AccountForm["kind"]): boolean {
  return service === "other" || (service === "microsoft_graph") === (kind === "graph");
}

/** How the account logs in: with a password, or through a sign-in service. */
export function SignInField({ form }: { form: UseFormReturnType<AccountForm> }) {
  const { t } = useTranslation();
  const { data } = useQuery(clientsQuery);
  const [adding, setAdding] = useState<OauthService>();
  const { oauth, kind, host } = form.values;
  const clients = (data?.items ?? []).filter(({ service }) => fitsKind(service, kind));
  const choose = (client: OauthClient) => {
    const known = HOSTS[client.service]?.[kind];
    const fits = known !== undefined && (host === "" || !form.isTouched("host"));
    form.setValues({ oauth: client.id, password: "", ...(fits && { host: known, tls: "tls", port: portOf(kind, "tls") }) });
  };
  return (
    <>
      <Select
        label={t("oauth.signIn")}
        description={oauth === "" ? undefined : t("oauth.signInWhat")}
        allowDeselect={false}
        maw={420}
        data={[
          ...(kind === "graph" ? [] : [{ value: PASSWORD, label: t("form.password") }]),
          ...clients.map(({ id, name, service }) => ({
            value: id,
            label: service === "other" || name === t(`oauth.services.${service}`) ? name : `${t(`oauth.services.${service}`)}: ${name}`,
          })),
          ...SERVICES.filter((service) => fitsKind(service, kind)).map((service) => ({
            value: `${NEW}${service}`,
            label: t("oauth.setUp", { service: t(`oauth.services.${service}`) }),
          })),
        ]}
        value={oauth !== "" ? oauth : kind === "graph" ? null : PASSWORD}
        error={form.errors["oauth"]}
        onChange={(value) => {
          const service = SERVICES.find((one) => value === `${NEW}${one}`);
          const client = clients.find(({ id }) => id === value);
          if (service !== undefined) {
            setAdding(service);
          } else if (client === undefined) {
            form.setFieldValue("oauth", "");
          } else {
            choose(client);
          }
        }}
      />
      {adding === undefined ? null : (
        <ClientDialog
          client={undefined}
          service={adding}
          onSaved={(saved) => {
            setAdding(undefined);
            choose(saved);
          }}
          onClose={() => setAdding(undefined)}
        />
      )}
    </>
  );
}
