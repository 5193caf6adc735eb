import { Modal, Select, Stack, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import { listsQuery } from "../api/queries";
import type { MailClass } from "../api/types";
import { FormEnd } from "../parts/FormEnd";
import { tell } from "../parts/toast";
import { endOf, type Term, TERMS } from "./states";
import { linesOf } from "./suppressionFile";

/** Items the server takes in one request. */
export const ITEMS_MAX = 5000;

const ALL = "all";
const CLASSES: readonly MailClass[] = ["bulk", "transactional"];

/** Adds addresses to the suppression list by hand. */
export function SuppressDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const lists = useQuery(listsQuery).data ?? [];
  const form = useForm({
    initialValues: { addresses: "", class: ALL, list: ALL, term: "forever" as Term, reason: "" },
    validate: {
      addresses: (value) => {
        const { addresses, broken } = linesOf(value);
        if (addresses.length === 0) {
          return t("form.required");
        }
        if (addresses.length > ITEMS_MAX) {
          return t("suppression.tooMany", { count: ITEMS_MAX });
        }
        return broken === undefined ? null : t("suppression.broken", { address: broken });
      },
    },
  });
  const add = useMutation({
    mutationFn: async (values: typeof form.values) => {
      const { addresses } = linesOf(values.addresses);
      const rest = {
        class: CLASSES.find((one) => one === values.class) ?? null,
        list: values.list === ALL ? null : values.list,
        reason: values.reason.trim(),
        expires: endOf(values.term, new Date()),
      };
      await done(api.POST("/api/v1/suppression", { body: { items: addresses.map((address) => ({ address, ...rest })) } }));
      return addresses.length;
    },
    onSuccess: async (count) => {
      onClose();
      tell(t("suppression.added", { count }));
      await client.invalidateQueries({ queryKey: ["suppression"] });
      await client.invalidateQueries({ queryKey: ["addresses"] });
    },
  });
  return (
    <Modal opened onClose={onClose} title={t("suppression.add")} closeButtonProps={{ "aria-label": t("common.close") }}>
      <form onSubmit={form.onSubmit((values) => add.mutate(values))} noValidate>
        <Stack>
          <Textarea
            label={t("suppression.addresses")}
            rows={4}
            data-autofocus
            autoComplete="off"
            {...form.getInputProps("addresses")}
          />
          <Select
            label={t("suppression.class")}
            allowDeselect={false}
            data={[
              { value: ALL, label: t("feedback.anyClass") },
              ...CLASSES.map((value) => ({ value, label: t(`feedback.classes.${value}`) })),
            ]}
            {...form.getInputProps("class")}
          />
          {lists.length === 0 ? null : (
            <Select
              label={t("suppression.list")}
              allowDeselect={false}
              data={[
                { value: ALL, label: t("suppression.allLists") },
                ...lists.map(({ id, name }) => ({ value: id, label: name })),
              ]}
              {...form.getInputProps("list")}
            />
          )}
          <Select
            label={t("suppression.until")}
            allowDeselect={false}
            data={TERMS.map((value) => ({ value, label: t(`terms.${value}`) }))}
            {...form.getInputProps("term")}
          />
          <TextInput
            label={t("suppression.reason")}
            maxLength={500}
            autoComplete="off"
            {...form.getInputProps("reason")}
          />
          <FormEnd save={add} label={t("suppression.add")} failed={t("suppression.notAdded")} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
