import { Button, Checkbox, Modal, NumberInput, Select, Stack, Table, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done, take } from "../api/client";
import type { RetentionClass, RetentionState } from "../api/types";
import { EditRemove } from "../parts/EditRemove";
import { Failure } from "../parts/Failure";
import { FormEnd } from "../parts/FormEnd";
import page from "../parts/Page.module.css";
import { RemoveDialog } from "../parts/RemoveDialog";
import { tell } from "../parts/toast";
import { STARTS, useRetentionWords } from "./words";

/** The classes, the zone of their days, and whether longer periods of banks hold. */
export function ClassesCard({ state }: { state: RetentionState }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { name, months } = useRetentionWords();
  const [edited, setEdited] = useState<RetentionClass | "new">();
  const [removed, setRemoved] = useState<RetentionClass>();
  const bank = useMutation({
    mutationFn: (is: boolean) => take(api.PUT("/api/v1/retention", { body: { zone: state.zone, bank: is } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["retention"] }),
  });
  return (
    <section className={page.card} aria-label={t("retention.classes")}>
      <div className={page.cardHead}>
        <h2>{t("retention.classes")}</h2>
        <span className={`${page.row} ${page.end}`}>
          <Button size="xs" variant="default" onClick={() => setEdited("new")}>
            {t("retention.addClass")}
          </Button>
        </span>
      </div>
      <div className={page.scrollX} tabIndex={0} role="region" aria-label={t("retention.classes")}>
        <Table>
          <Table.Tbody>
            {state.classes.map((one) => (
              <Table.Tr key={one.key}>
                <Table.Td>{name(one)}</Table.Td>
                <Table.Td>
                  {months(state.bank && one.bank_months !== null ? one.bank_months : one.months)}
                  {one.months === null ? null : <div className={page.dimmed}>{t(`retention.start.${one.start}`)}</div>}
                </Table.Td>
                <Table.Td>
                  <EditRemove
                    edit={t("retention.editNamed", { name: name(one) })}
                    remove={t("retention.removeNamed", { name: name(one) })}
                    onEdit={() => setEdited(one)}
                    onRemove={() => setRemoved(one)}
                  />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <Checkbox
        className={page.spaced}
        label={t("retention.bank")}
        description={t("retention.bankWhat")}
        checked={bank.isPending ? bank.variables : state.bank}
        onChange={(event) => bank.mutate(event.currentTarget.checked)}
      />
      {bank.error === null ? null : <Failure error={bank.error} what={t("retention.notSaved")} />}
      <p className={page.dimmed}>{t("retention.zone", { zone: state.zone })}</p>
      {edited === undefined ? null : (
        <ClassDialog known={edited === "new" ? undefined : edited} onClose={() => setEdited(undefined)} />
      )}
      {removed === undefined ? null : (
        <RemoveDialog
          title={t("retention.removeNamed", { name: name(removed) })}
          means={t("retention.removeClassMeans")}
          label={t("common.remove")}
          failed={t("retention.notRemoved")}
          remove={() => done(api.DELETE("/api/v1/retention/classes/{key}", { params: { path: { key: String(removed.key) } } }))}
          onRemoved={() => client.invalidateQueries({ queryKey: ["retention"] })}
          onClose={() => setRemoved(undefined)}
        />
      )}
    </section>
  );
}

function ClassDialog({ known, onClose }: { known: RetentionClass | undefined; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { name } = useRetentionWords();
  const form = useForm({
    initialValues: {
      name: known === undefined ? "" : name(known),
      months: known?.months ?? "",
      bank_months: known?.bank_months ?? "",
      start: known?.start ?? ("year_received" as const),
    },
    validate: { name: (value) => (value.trim() === "" ? t("form.required") : null) },
  });
  const save = useMutation({
    mutationFn: ({ name: typed, months, bank_months, start }: typeof form.values) => {
      const unchanged = known?.name === "" && typed === name(known);
      const body = {
        name: unchanged ? "" : typed,
        months: typeof months === "number" ? months : null,
        bank_months: typeof bank_months === "number" ? bank_months : null,
        start,
      };
      return known === undefined
        ? take(api.POST("/api/v1/retention/classes", { body }))
        : take(api.PUT("/api/v1/retention/classes/{key}", { params: { path: { key: String(known.key) } }, body }));
    },
    onSuccess: async () => {
      onClose();
      tell(t("retention.saved"));
      await client.invalidateQueries({ queryKey: ["retention"] });
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={known === undefined ? t("retention.addClass") : name(known)}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
        <Stack>
          <TextInput label={t("form.name")} autoComplete="off" data-autofocus {...form.getInputProps("name")} />
          <NumberInput
            label={t("retention.monthsField")}
            description={t("retention.monthsWhat")}
            min={1}
            max={1200}
            allowDecimal={false}
            {...form.getInputProps("months")}
          />
          <NumberInput
            label={t("retention.bankMonthsField")}
            min={1}
            max={1200}
            allowDecimal={false}
            {...form.getInputProps("bank_months")}
          />
          <Select
            label={t("retention.startField")}
            allowDeselect={false}
            data={STARTS.map((start) => ({ value: start, label: t(`retention.start.${start}`) }))}
            {...form.getInputProps("start")}
          />
          <FormEnd save={save} label={t("form.save")} failed={t("retention.notSaved")} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
