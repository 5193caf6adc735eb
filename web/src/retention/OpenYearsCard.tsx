import { Button, Modal, NumberInput, Select, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done, take } from "../api/client";
import type { OpenYears, RetentionState } from "../api/types";
import { FormEnd } from "../parts/FormEnd";
import page from "../parts/Page.module.css";
import { RemoveDialog } from "../parts/RemoveDialog";
import { tell } from "../parts/toast";
import { useRetentionWords } from "./words";

/** Years whose assessment is open: nothing of them falls due. */
export function OpenYearsCard({ state }: { state: RetentionState }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { name } = useRetentionWords();
  const [adding, setAdding] = useState(false);
  const [ended, setEnded] = useState<OpenYears>();
  const years = ({ from, to }: OpenYears) => (from === to ? String(from) : `${from}–${to}`);
  return (
    <section className={page.card} aria-label={t("retention.openYears")}>
      <div className={page.cardHead}>
        <h2>{t("retention.openYears")}</h2>
        <span className={`${page.row} ${page.end}`}>
          <Button size="xs" variant="default" onClick={() => setAdding(true)}>
            {t("retention.addOpenYears")}
          </Button>
        </span>
      </div>
      <p className={page.lead}>{t("retention.openYearsWhat")}</p>
      <ul className={page.stack} aria-label={t("retention.openYears")}>
        {state.open_years.map((open) => (
          <li key={open.key} className={page.cardHead}>
            <span>
              <strong>{years(open)}</strong>{" "}
              {open.class === null ? t("retention.allClasses") : name(state.classes.find(({ key }) => key === open.class))}
              <div className={page.dimmed}>{open.reason}</div>
            </span>
            <span className={`${page.row} ${page.end}`}>
              <Button
                size="xs"
                variant="default"
                aria-label={t("retention.endNamed", { years: years(open) })}
                onClick={() => setEnded(open)}
              >
                {t("retention.end")}
              </Button>
            </span>
          </li>
        ))}
      </ul>
      {adding ? <OpenYearsDialog state={state} onClose={() => setAdding(false)} /> : null}
      {ended === undefined ? null : (
        <RemoveDialog
          title={t("retention.endNamed", { years: years(ended) })}
          means={t("retention.endMeans")}
          label={t("retention.end")}
          failed={t("retention.notSaved")}
          remove={() =>
            done(api.DELETE("/api/v1/retention/open-years/{key}", { params: { path: { key: String(ended.key) } } }))
          }
          onRemoved={() => client.invalidateQueries({ queryKey: ["retention"] })}
          onClose={() => setEnded(undefined)}
        />
      )}
    </section>
  );
}

function OpenYearsDialog({ state, onClose }: { state: RetentionState; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { name } = useRetentionWords();
  const lastYear = new Date().getFullYear() - 1;
  const form = useForm({
    initialValues: { class: "", from: lastYear, to: lastYear, reason: "" },
    validate: { reason: (value) => (value.trim() === "" ? t("form.required") : null) },
  });
  const save = useMutation({
    mutationFn: ({ class: of, ...rest }: typeof form.values) =>
      take(api.POST("/api/v1/retention/open-years", { body: { ...rest, class: of === "" ? null : Number(of) } })),
    onSuccess: async () => {
      onClose();
      tell(t("retention.saved"));
      await client.invalidateQueries({ queryKey: ["retention"] });
    },
  });
  return (
    <Modal opened onClose={onClose} title={t("retention.addOpenYears")} closeButtonProps={{ "aria-label": t("common.close") }}>
      <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
        <Stack>
          <NumberInput label={t("retention.fromYear")} min={1900} max={2200} thousandSeparator="" {...form.getInputProps("from")} />
          <NumberInput label={t("retention.toYear")} min={1900} max={2200} thousandSeparator="" {...form.getInputProps("to")} />
          <Select
            label={t("retention.class")}
            placeholder={t("retention.allClasses")}
            clearable
            data={state.classes.map((one) => ({ value: String(one.key), label: name(one) }))}
            value={form.values.class === "" ? null : form.values.class}
            onChange={(value) => form.setFieldValue("class", value ?? "")}
          />
          <TextInput label={t("retention.reason")} maxLength={500} {...form.getInputProps("reason")} />
          <FormEnd save={save} label={t("form.save")} failed={t("retention.notSaved")} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
