import { Modal, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { isProblem } from "../api/problem";
import type { MailingList } from "../api/types";
import { FormEnd } from "../parts/FormEnd";
import { tell } from "../parts/toast";
import { looksLikeAddress } from "./states";

/** A new mailing list, or another name or address of one. */
export function ListDialog({ list, onClose }: { list: MailingList | undefined; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const form = useForm({
    initialValues: { name: list?.name ?? "", address: list?.address ?? "" },
    validate: {
      name: (value) => (value.trim() === "" ? t("form.required") : null),
      address: (value) => (value.trim() === "" || looksLikeAddress(value) ? null : t("form.emailBroken")),
    },
  });
  const save = useMutation({
    mutationFn: ({ name, address }: typeof form.values) => {
      const body = { name: name.trim(), address: address.trim() === "" ? null : address.trim() };
      return list === undefined
        ? take(api.POST("/api/v1/lists", { body }))
        : take(api.PUT("/api/v1/lists/{list_id}", { params: { path: { list_id: list.id } }, body }));
    },
    onSuccess: async (saved) => {
      onClose();
      tell(t("lists.saved", { name: saved.name }));
      await client.invalidateQueries({ queryKey: ["lists"] });
    },
    onError: (error) => {
      const field = isProblem(error) ? error.members["field"] : undefined;
      if (isProblem(error) && typeof field === "string" && field in form.values) {
        form.setFieldError(field, error.detail ?? error.title);
      }
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={list === undefined ? t("lists.add") : list.name}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
        <Stack>
          <TextInput label={t("form.name")} autoComplete="off" data-autofocus {...form.getInputProps("name")} />
          <TextInput
            label={t("lists.address")}
            description={t("lists.addressHint")}
            type="email"
            autoComplete="off"
            {...form.getInputProps("address")}
          />
          <FormEnd save={save} label={t("form.save")} failed={t("lists.notSaved")} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
