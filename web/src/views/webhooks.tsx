import { Button, Checkbox, Group, Modal, MultiSelect, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done, take } from "../api/client";
import { useMayAdminister } from "../api/session";
import { OutgoingRows } from "../outgoing/OutgoingRows";
import { deliveriesQuery, type Webhook, webhooksQuery } from "../outgoing/queries";
import { Failure } from "../parts/Failure";
import { Notice, Pill } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { tellFailure } from "../parts/toast";

/** Receivers of webhooks and what went to them. */
export function Webhooks() {
  const { t } = useTranslation();
  const administrator = useMayAdminister();
  const { data, error, refetch } = useQuery({ ...webhooksQuery, enabled: administrator });
  const [edited, setEdited] = useState<Webhook | "new">();
  const [secret, setSecret] = useState<string>();
  return (
    <div className={page.inner}>
      <PageHead title={t("webhooks.title")} lead={t("webhooks.lead")}>
        {administrator ? <Button onClick={() => setEdited("new")}>{t("webhooks.add")}</Button> : null}
      </PageHead>
      {administrator ? null : <Notice tone="info">{t("settings.administratorsOnly")}</Notice>}
      {error === null ? null : <Failure error={error} what={t("webhooks.failed")} retry={() => void refetch()} />}
      {secret === undefined ? null : (
        <Notice tone="warn" title={t("webhooks.secretOnce")} live>
          <code className={page.mono}>{secret}</code>
        </Notice>
      )}
      <div className={page.stack}>
        {data?.items.length === 0 ? <Notice tone="info">{t("webhooks.none")}</Notice> : null}
        {data?.items.map((one) => (
          <Card key={one.id} webhook={one} onEdit={() => setEdited(one)} onSecret={setSecret} />
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
    </div>
  );
}

interface CardProps {
  webhook: Webhook;
  onEdit: () => void;
  onSecret: (secret: string) => void;
}

function Card({ webhook, onEdit, onSecret }: CardProps) {
  const { t } = useTranslation();
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
    <section className={page.card}>
      <div className={page.cardHead}>
        <h2>{webhook.name}</h2>
        {webhook.active ? null : (
          <Pill tone="neutral">
            {t("webhooks.off")} {webhook.off_reason}
          </Pill>
        )}
      </div>
      <p>{webhook.url}</p>
      {webhook.last_error === null ? null : <Notice tone="danger">{webhook.last_error.text}</Notice>}
      <Group>
        <Button size="compact-sm" variant="default" onClick={onEdit}>
          {t("webhooks.edit")}
        </Button>
        <Button size="compact-sm" variant="default" loading={test.isPending} onClick={() => test.mutate()}>
          {t("webhooks.test")}
        </Button>
        <Button size="compact-sm" variant="default" loading={rotate.isPending} onClick={() => rotate.mutate()}>
          {t("webhooks.rotate")}
        </Button>
        <Button size="compact-sm" variant="default" aria-expanded={open} onClick={() => setOpen(!open)}>
          {t("webhooks.deliveries")}
        </Button>
      </Group>
      {open && deliveries.data !== undefined ? <OutgoingRows items={deliveries.data} /> : null}
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
  const remove = useMutation({
    mutationFn: (id: string) => done(api.DELETE("/api/v1/webhooks/{webhook_id}", { params: { path: { webhook_id: id } } })),
    onSuccess: after,
    onError: (error) => tellFailure(t("webhooks.notSaved"), error.message),
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={webhook?.name ?? t("webhooks.add")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={form.onSubmit(() => save.mutate())}>
        <Stack>
          <TextInput label={t("webhooks.name")} required {...form.getInputProps("name")} />
          <TextInput label={t("webhooks.url")} type="url" required {...form.getInputProps("url")} />
          <MultiSelect
            label={t("webhooks.kinds")}
            data={kinds.map((kind) => ({
              value: kind,
              label: t(`outgoing.kinds.${kind.replace(".", "_")}` as "outgoing.kinds.test", kind),
            }))}
            clearable
            {...form.getInputProps("kinds")}
          />
          <Checkbox label={t("webhooks.private")} {...form.getInputProps("private", { type: "checkbox" })} />
          <Checkbox label={t("webhooks.active")} {...form.getInputProps("active", { type: "checkbox" })} />
          {save.error === null ? null : <Failure error={save.error} what={t("webhooks.notSaved")} />}
          <Group justify="flex-end">
            {webhook === undefined ? null : (
              <Button variant="default" onClick={() => remove.mutate(webhook.id)}>
                {t("webhooks.remove")}
              </Button>
            )}
            <Button type="submit" loading={save.isPending}>
              {t("webhooks.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
