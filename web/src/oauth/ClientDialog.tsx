import { Group, Modal, PasswordInput, Select, Stack, TagsInput, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { FormEnd } from "../parts/FormEnd";
import page from "../parts/Page.module.css";
import { useIsNarrow } from "../parts/Panes";
import { CopyLine } from "./CopyLine";
import { clientsQuery, type OauthClient, type OauthClientRequest, type OauthService, SERVICES } from "./queries";

interface ClientDialogProps {
  client: OauthClient | undefined;
  /** Chosen already, for a new one. */
  service?: OauthService;
  onSaved: (saved: OauthClient) => void;
  onClose: () => void;
}

/** An application registered at a sign-in service: what the service gave, and what it wants to know. */
export function ClientDialog({ client, service, onSaved, onClose }: ClientDialogProps) {
  const { t } = useTranslation();
  const narrow = useIsNarrow();
  const cache = useQueryClient();
  const { data } = useQuery(clientsQuery);
  const form = useForm({
    initialValues: {
      name: client?.name ?? (service === undefined || service === "other" ? "" : t(`oauth.services.${service}`)),
      service: client?.service ?? service ?? "microsoft",
      clientId: client?.client_id ?? "",
      secret: "",
      expires: client?.secret_expires?.slice(0, 10) ?? "",
      tenant: client?.tenant ?? "",
      issuer: "",
      authorize: client?.endpoints?.authorize ?? "",
      token: client?.endpoints?.token ?? "",
      device: client?.endpoints?.device ?? "",
      revoke: client?.endpoints?.revoke ?? "",
      userinfo: client?.endpoints?.userinfo ?? "",
      scopes: client?.service === "other" ? client.scopes : ["openid", "email", "offline_access"],
      ca: client?.ca_pem ?? "",
    },
  });
  const { values } = form;
  const request = (): OauthClientRequest => {
    const { authorize, token, device, revoke, userinfo } = values;
    const issuer = values.issuer.trim();
    return {
      name: values.name,
      service: values.service,
      client_id: values.clientId,
      ...(values.secret !== "" && { secret: values.secret }),
      secret_expires: values.expires === "" ? null : `${values.expires}T00:00:00Z`,
      tenant: values.tenant,
      ...(values.service === "other" && {
        issuer: issuer === "" ? null : issuer,
        endpoints: issuer === "" ? { authorize, token, device, revoke, userinfo } : null,
        scopes: values.scopes,
        basic: client?.basic ?? false,
        ca_pem: values.ca,
      }),
    };
  };
  const save = useMutation({
    mutationFn: () =>
      client === undefined
        ? take(api.POST("/api/v1/oauth/clients", { body: request() }))
        : take(
            api.PUT("/api/v1/oauth/clients/{oauth_client_id}", {
              params: { path: { oauth_client_id: client.id } },
              body: request(),
            }),
          ),
    onSuccess: async (saved) => {
      await cache.invalidateQueries({ queryKey: ["oauth"] });
      await cache.invalidateQueries({ queryKey: ["accounts"] });
      onSaved(saved);
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      fullScreen={narrow}
      title={client?.name ?? t("oauth.add")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form
        onSubmit={(event) => {
          // The dialog may lie within the form of an account.
          event.stopPropagation();
          form.onSubmit(() => save.mutate())(event);
        }}
      >
        <Stack>
          <Select
            label={t("oauth.service")}
            allowDeselect={false}
            disabled={client !== undefined}
            data={SERVICES.map((value) => ({ value, label: t(`oauth.services.${value}`) }))}
            {...form.getInputProps("service")}
          />
          <ol className={page.dimmed}>
            {[1, 2, 3, 4].map((step) => (
              <li key={step}>{t(`oauth.steps.${values.service}.${step}` as "oauth.steps.microsoft.1")}</li>
            ))}
          </ol>
          {data === undefined ? null : <CopyLine label={t("oauth.redirect")} value={data.redirect_url} />}
          <TextInput label={t("oauth.name")} required {...form.getInputProps("name")} />
          {values.service === "microsoft" || values.service === "microsoft_graph" ? (
            <TextInput
              label={t("oauth.tenant")}
              description={t("oauth.tenantWhat")}
              placeholder="firma.onmicrosoft.com"
              spellCheck={false}
              {...form.getInputProps("tenant")}
            />
          ) : null}
          {values.service === "other" ? (
            <>
              <TextInput
                label={t("oauth.issuer")}
                description={t("oauth.issuerWhat")}
                placeholder="https://id.example.org"
                spellCheck={false}
                {...form.getInputProps("issuer")}
              />
              <details>
                <summary>{t("oauth.single")}</summary>
                <Stack mt="sm">
                  {(["authorize", "token", "device", "revoke", "userinfo"] as const).map((field) => (
                    <TextInput
                      key={field}
                      label={t(`oauth.endpoints.${field}`)}
                      spellCheck={false}
                      {...form.getInputProps(field)}
                    />
                  ))}
                  <Textarea
                    label={t("accounts.pem")}
                    minRows={3}
                    autosize
                    maxRows={10}
                    spellCheck={false}
                    classNames={{ input: page.mono ?? "" }}
                    placeholder="-----BEGIN CERTIFICATE-----"
                    {...form.getInputProps("ca")}
                  />
                </Stack>
              </details>
              <TagsInput label={t("oauth.scopes")} description={t("oauth.scopesWhat")} {...form.getInputProps("scopes")} />
            </>
          ) : null}
          <TextInput
            label={t("oauth.clientId")}
            required
            spellCheck={false}
            autoComplete="off"
            {...form.getInputProps("clientId")}
          />
          <Group grow align="flex-start">
            <PasswordInput
              label={t("oauth.secret")}
              description={client?.secret_set === true ? t("accounts.passwordKept") : t("oauth.secretWhat")}
              autoComplete="new-password"
              visibilityToggleButtonProps={{ "aria-label": t("form.showPassword") }}
              {...form.getInputProps("secret")}
            />
            <TextInput
              type="date"
              label={t("oauth.secretExpires")}
              description={t("oauth.secretExpiresWhat")}
              {...form.getInputProps("expires")}
            />
          </Group>
          <FormEnd save={save} label={t("form.save")} failed={t("oauth.notSaved")} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
