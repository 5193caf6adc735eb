import { Button, Modal, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { isProblem } from "../api/problem";
import type { LegalHold } from "../api/types";
import { useFormats } from "../lang/format";
import { FormEnd } from "../parts/FormEnd";
import { Loading } from "../parts/Loading";
import { Notice, Pill } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { tell } from "../parts/toast";
import { holdsQuery } from "./queries";

/** Legal holds: what a query finds stays, whatever its class says. */
export function HoldsCard() {
  const { t } = useTranslation();
  const { shortDate } = useFormats();
  const query = useQuery(holdsQuery);
  const [adding, setAdding] = useState(false);
  const [lifting, setLifting] = useState<LegalHold>();
  return (
    <section className={page.card} aria-label={t("retention.holds")}>
      <div className={page.cardHead}>
        <h2>{t("retention.holds")}</h2>
        <span className={`${page.row} ${page.end}`}>
          <Button size="xs" variant="default" onClick={() => setAdding(true)}>
            {t("retention.addHold")}
          </Button>
        </span>
      </div>
      <p className={page.lead}>{t("retention.holdsWhat")}</p>
      <Loading of={query} what={t("retention.holdsFailed")} height={60} />
      <ul className={page.stack} aria-label={t("retention.holds")}>
        {query.data?.map((hold) => (
          <li key={hold.key} className={page.cardHead}>
            <span>
              <strong>{hold.name}</strong>{" "}
              {hold.lifted === null ? (
                <Pill tone={hold.looking ? "info" : "warn"}>
                  {t(hold.looking ? "retention.looking" : "retention.heldMails", { count: hold.mails })}
                </Pill>
              ) : (
                <Pill tone="neutral">{t("retention.lifted", { when: shortDate(hold.lifted) })}</Pill>
              )}
              <div className={page.mono}>{hold.query}</div>
              <div className={page.dimmed}>
                {hold.reason} · {t("retention.since", { when: shortDate(hold.since), who: hold.actor === "" ? "–" : hold.actor })}
                {hold.lift_reason === null ? "" : ` · ${hold.lift_reason}`}
              </div>
            </span>
            {hold.lifted === null ? (
              <span className={`${page.row} ${page.end}`}>
                <Button
                  size="xs"
                  variant="default"
                  aria-label={t("retention.liftNamed", { name: hold.name })}
                  onClick={() => setLifting(hold)}
                >
                  {t("retention.lift")}
                </Button>
              </span>
            ) : null}
          </li>
        ))}
      </ul>
      {adding ? <HoldDialog onClose={() => setAdding(false)} /> : null}
      {lifting === undefined ? null : <LiftDialog hold={lifting} onClose={() => setLifting(undefined)} />}
    </section>
  );
}

function HoldDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const form = useForm({
    initialValues: { name: "", reason: "", query: "" },
    validate: {
      name: (value) => (value.trim() === "" ? t("form.required") : null),
      reason: (value) => (value.trim() === "" ? t("form.required") : null),
      query: (value) => (value.trim() === "" ? t("form.required") : null),
    },
  });
  const refused = (error: Error) => {
    const field = isProblem(error) ? error.members["field"] : undefined;
    if (isProblem(error) && typeof field === "string") {
      form.setFieldError(field === "q" ? "query" : field, error.detail ?? error.title);
    }
  };
  const preview = useMutation({
    mutationFn: (query: string) => take(api.POST("/api/v1/retention/holds/preview", { body: { query } })),
    onError: refused,
  });
  const save = useMutation({
    mutationFn: (body: typeof form.values) => take(api.POST("/api/v1/retention/holds", { body })),
    onSuccess: async ({ items }) => {
      onClose();
      tell(t("retention.holdAdded"));
      client.setQueryData(holdsQuery.queryKey, items);
      await client.invalidateQueries({ queryKey: ["retention"] });
    },
    onError: refused,
  });
  return (
    <Modal opened onClose={onClose} title={t("retention.addHold")} closeButtonProps={{ "aria-label": t("common.close") }}>
      <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
        <Stack>
          <TextInput label={t("retention.case")} autoComplete="off" maxLength={100} data-autofocus {...form.getInputProps("name")} />
          <TextInput label={t("retention.reason")} autoComplete="off" maxLength={500} {...form.getInputProps("reason")} />
          <TextInput
            label={t("retention.query")}
            description={t("retention.queryWhat")}
            autoComplete="off"
            spellCheck={false}
            maxLength={1000}
            {...form.getInputProps("query")}
          />
          {preview.data === undefined ? null : (
            <Notice tone="info" live>
              {t("retention.wouldHold", { count: preview.data.messages })}
            </Notice>
          )}
          <FormEnd save={save} label={t("retention.hold")} failed={t("retention.notSaved")} onCancel={onClose}>
            <Button
              variant="default"
              loading={preview.isPending}
              disabled={form.values.query.trim() === ""}
              onClick={() => preview.mutate(form.values.query)}
            >
              {t("retention.count")}
            </Button>
          </FormEnd>
        </Stack>
      </form>
    </Modal>
  );
}

function LiftDialog({ hold, onClose }: { hold: LegalHold; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const form = useForm({
    initialValues: { reason: "" },
    validate: { reason: (value) => (value.trim() === "" ? t("form.required") : null) },
  });
  const save = useMutation({
    mutationFn: (body: typeof form.values) =>
      take(api.POST("/api/v1/retention/holds/{key}/lift", { params: { path: { key: String(hold.key) } }, body })),
    onSuccess: async () => {
      onClose();
      tell(t("retention.holdLifted", { name: hold.name }));
      await client.invalidateQueries({ queryKey: ["retention"] });
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("retention.liftNamed", { name: hold.name })}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
        <Stack>
          <div>{t("retention.liftMeans")}</div>
          <TextInput label={t("retention.reason")} autoComplete="off" maxLength={500} data-autofocus {...form.getInputProps("reason")} />
          <FormEnd save={save} label={t("retention.lift")} failed={t("retention.notSaved")} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
