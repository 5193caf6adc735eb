import { Button, Checkbox, Modal, MultiSelect, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done, take } from "../api/client";
import { bounceRulesQuery } from "../api/queries";
import { useMayAdminister } from "../api/session";
import { ruleName } from "../bounces/ruleName";
import { useFormats } from "../lang/format";
import { kindName } from "../outgoing/kindName";
import css from "../outgoing/outgoing.module.css";
import { OutgoingRows } from "../outgoing/OutgoingRows";
import { deliveriesQuery, type Webhook, webhooksQuery } from "../outgoing/queries";
import { AdminPage } from "../parts/AdminPage";
import { EditRemove } from "../parts/EditRemove";
import { Failure } from "../parts/Failure";
import { FormEnd } from "../parts/FormEnd";
import { Notice, Pill } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { useIsNarrow } from "../parts/Panes";
import { RemoveDialog } from "../parts/RemoveDialog";
import { ShownSecret } from "../parts/ShownSecret";
import { tellFailure } from "../parts/toast";

/** Receivers of webhooks and what went to them. */
export function Webhooks() {
  const { t } = useTranslation();
  const administrator = useMayAdminister();
  const query = useQuery({ ...webhooksQuery, enabled: administrator });
  const { data } = query;
  const client = useQueryClient();
  const [edited, setEdited] = useState<Webhook | "new">();
  const [removing, setRemoving] = useState<Webhook>();
  const [secret, setSecret] = useState<string>();
  return (
    <AdminPage
      title={t("webhooks.title")}
      lead={t("webhooks.lead")}
      add={t("webhooks.add")}
      onAdd={() => setEdited("new")}
      of={query}
      failed={t("webhooks.failed")}
    >
      {secret === undefined ? null : (
        <ShownSecret
          title={t("webhooks.secretOnce")}
          secret={secret}
          kept={t("webhooks.secretKept")}
          onKept={() => setSecret(undefined)}
        />
      )}
      <div className={page.stack}>
        {data?.items.length === 0 ? <Notice tone="info">{t("webhooks.none")}</Notice> : null}
        {data?.items.map((one) => (
          <Card key={one.id} webhook={one} onEdit={() => setEdited(one)} onRemove={() => setRemoving(one)} onSecret={setSecret} />
        ))}
      </div>
      {edited === undefined ? null : (
        <Dialog
          webhook={edited === "new" ? undefined : edited}
          kinds={data?.kinds ?? []}
          onClose={() => setEdited(undefined)}
          onSecret={setSecret}
        />
      )}
      {removing === undefined ? null : (
        <Removal
          webhook={removing}
          onRemoved={() => client.invalidateQueries({ queryKey: ["webhooks"] })}
          onClose={() => setRemoving(undefined)}
        />
      )}
    </AdminPage>
  );
}

interface RemovalProps {
  webhook: Webhook;
  onRemoved: () => Promise<void>;
  onClose: () => void;
}

/** Asks, and names the rules that call it. */
function Removal({ webhook, onRemoved, onClose }: RemovalProps) {
  const { t } = useTranslation();
  const { list } = useFormats();
  const rules = useQuery(bounceRulesQuery).data?.rules ?? [];
  const calling = rules.filter((rule) => rule.actions.some((one) => one.do === "webhook" && one.url === webhook.url));
  const names = calling.map((rule) => t("webhooks.quoted", { name: ruleName(t, rule.name) }));
  const means = [t("webhooks.removeMeans")];
  if (names.length > 0) {
    means.push(t("webhooks.removeRules", { count: names.length, rules: list(names) }));
  }
  return (
    <RemoveDialog
      title={t("webhooks.removeTitle", { name: webhook.name })}
      means={means.join(" ")}
      label={t("webhooks.removeNow")}
      failed={t("webhooks.notRemoved")}
      remove={() =>
        done(api.DELETE("/api/v1/webhooks/{webhook_id}", { params: { path: { webhook_id: webhook.id } } }))
      }
      onRemoved={onRemoved}
      onClose={onClose}
    />
  );
}

interface CardProps {
  webhook: Webhook;
  onEdit: () => void;
  onRemove: () => void;
  onSecret: (secret: string) => void;
}

function Card({ webhook, onEdit, onRemove, onSecret }: CardProps) {
  const { t } = useTranslation();
  const { shortDate } = useFormats();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const path = { webhook_id: webhook.id };
  const deliveries = useQuery({ ...deliveriesQuery(webhook.id), enabled: open });
  const test = useMutation({
    mutationFn: () => take(api.POST("/api/v1/webhooks/{webhook_id}/test", { params: { path } })),
    onSuccess: async () => {
      setOpen(true);
      await client.invalidateQueries({ queryKey: ["deliveries", webhook.id] });
    },
    onError: (error) => tellFailure(t("webhooks.notTested"), error.message),
  });
  const rotate = useMutation({
    mutationFn: () => take(api.POST("/api/v1/webhooks/{webhook_id}/secret", { params: { path } })),
    onSuccess: async ({ secret }) => {
      onSecret(secret);
      await client.invalidateQueries({ queryKey: ["webhooks"] });
    },
    onError: (error) => tellFailure(t("webhooks.notSaved"), error.message),
  });
  return (
    <section className={page.card} aria-label={webhook.name}>
      <div className={page.cardHead}>
        <h2>{webhook.name}</h2>
        {webhook.active ? null : <Pill tone="neutral">{t("webhooks.off")}</Pill>}
        <EditRemove
          edit={t("webhooks.editNamed", { name: webhook.name })}
          remove={t("webhooks.removeNamed", { name: webhook.name })}
          onEdit={onEdit}
          onRemove={onRemove}
        />
      </div>
      <p className={css.url}>{webhook.url}</p>
      {webhook.last_success === null ? null : (
        <p className={page.dimmed}>{t("webhooks.lastSuccess", { when: shortDate(webhook.last_success) })}</p>
      )}
      {webhook.old_secret_until === null ? null : (
        <p className={page.dimmed}>{t("webhooks.oldSecret", { when: shortDate(webhook.old_secret_until) })}</p>
      )}
      {webhook.off_reason === null ? null : (
        <Notice tone="danger" title={t("webhooks.offTitle")}>
          {webhook.off_reason === "gone" ? t("webhooks.offGone") : t("webhooks.offFailing")}{" "}
          {webhook.last_error === null ? null : t("webhooks.lastError", { text: webhook.last_error.text })}
        </Notice>
      )}
      {webhook.last_error === null || webhook.off_reason !== null ? null : (
        <Notice tone="danger" title={t("webhooks.failsSince", { when: shortDate(webhook.last_error.since) })}>
          {webhook.last_error.text}
        </Notice>
      )}
      <div className={css.buttons}>
        <Button size="xs" variant="default" loading={test.isPending} onClick={() => test.mutate()}>
          {t("webhooks.test")}
        </Button>
        <Button size="xs" variant="default" loading={rotate.isPending} onClick={() => rotate.mutate()}>
          {t("webhooks.rotate")}
        </Button>
        <Button size="xs" variant="default" aria-expanded={open} onClick={() => setOpen(!open)}>
          {t("webhooks.deliveries")}
        </Button>
      </div>
      {deliveries.error === null ? null : <Failure error={deliveries.error} what={t("webhooks.deliveriesFailed")} />}
      {open && deliveries.data !== undefined ? (
        <OutgoingRows items={deliveries.data} label={t("webhooks.deliveriesOf", { name: webhook.name })} />
      ) : null}
    </section>
  );
}

interface DialogProps {
  webhook: Webhook | undefined;
  kinds: readonly string[];
  onClose: () => void;
  onSecret: (secret: string) => void;
}

function Dialog({ webhook, kinds, onClose, onSecret }: DialogProps) {
  const { t } = useTranslation();
  const narrow = useIsNarrow();
  const client = useQueryClient();
  const form = useForm({
    initialValues: {
      name: webhook?.name ?? "",
      url: webhook?.url ?? "",
      kinds: webhook?.kinds ?? [],
      private: webhook?.private ?? false,
      active: webhook?.active ?? true,
    },
  });
  const after = async () => {
    onClose();
    await client.invalidateQueries({ queryKey: ["webhooks"] });
  };
  const save = useMutation({
    mutationFn: async () => {
      if (webhook === undefined) {
        onSecret((await take(api.POST("/api/v1/webhooks", { body: form.values }))).secret);
      } else {
        const params = { path: { webhook_id: webhook.id } };
        await take(api.PUT("/api/v1/webhooks/{webhook_id}", { params, body: form.values }));
      }
    },
    onSuccess: after,
  });
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      fullScreen={narrow}
      title={webhook?.name ?? t("webhooks.add")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={form.onSubmit(() => save.mutate())}>
        <Stack>
          <TextInput label={t("webhooks.name")} required {...form.getInputProps("name")} />
          <TextInput label={t("webhooks.url")} type="url" required {...form.getInputProps("url")} />
          <MultiSelect
            label={t("webhooks.kinds")}
            description={t("webhooks.kindsWhat")}
            data={kinds.map((kind) => ({
              value: kind,
              label: kindName(t, kind),
            }))}
            clearable
            {...form.getInputProps("kinds")}
          />
          <Checkbox label={t("webhooks.private")} description={t("webhooks.privateWhat")} {...form.getInputProps("private", { type: "checkbox" })} />
          <Checkbox label={t("webhooks.active")} {...form.getInputProps("active", { type: "checkbox" })} />
          <FormEnd save={save} label={t("webhooks.save")} failed={t("webhooks.notSaved")} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
