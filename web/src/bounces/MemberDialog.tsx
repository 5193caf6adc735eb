import { Modal, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import { FormEnd } from "../parts/FormEnd";
import { tell } from "../parts/toast";
import { looksLikeAddress } from "./states";

/** Puts somebody on a mailing list. */
export function MemberDialog({ list, onClose }: { list: string; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const form = useForm({
    initialValues: { address: "", name: "" },
    validate: { address: (value) => (looksLikeAddress(value) ? null : t("form.emailBroken")) },
  });
  const add = useMutation({
    mutationFn: ({ address, name }: typeof form.values) =>
      done(
        api.PUT("/api/v1/lists/{list_id}/members", {
          params: { path: { list_id: list } },
          body: { items: [{ address: address.trim(), name: name.trim(), active: true }] },
        }),
      ),
    onSuccess: async (_, { address }) => {
      onClose();
      tell(t("lists.memberAdded", { address: address.trim() }));
      await client.invalidateQueries({ queryKey: ["lists"] });
    },
  });
  return (
    <Modal opened onClose={onClose} title={t("lists.addMember")} closeButtonProps={{ "aria-label": t("common.close") }}>
      <form onSubmit={form.onSubmit((values) => add.mutate(values))} noValidate>
        <Stack>
          <TextInput
            label={t("form.email")}
            type="email"
            autoComplete="off"
            data-autofocus
            {...form.getInputProps("address")}
          />
          <TextInput label={t("form.name")} autoComplete="off" maxLength={200} {...form.getInputProps("name")} />
          <FormEnd save={add} label={t("lists.addMember")} failed={t("lists.memberNotSaved")} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
