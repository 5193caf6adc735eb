import { Modal, MultiSelect, Stack, TagsInput, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { isProblem } from "../api/problem";
import { usersQuery } from "../api/queries";
import type { Group } from "../api/types";
import { FormEnd } from "../parts/FormEnd";
import { useIsNarrow } from "../parts/Panes";
import { tell } from "../parts/toast";

/** A new group, or changes of one. */
export function GroupDialog({ group, onClose }: { group: Group | undefined; onClose: () => void }) {
  const { t } = useTranslation();
  const narrow = useIsNarrow();
  const client = useQueryClient();
  const users = useQuery(usersQuery).data ?? [];
  const form = useForm({
    initialValues: {
      name: group?.name ?? "",
      description: group?.description ?? "",
      addresses: group?.addresses ?? [],
      members: group?.members.map(({ id }) => id) ?? [],
    },
    validate: {
      name: (value) => (value.trim() === "" ? t("form.required") : null),
      addresses: (value) => (value.every((one) => /^\S+@\S+$/u.test(one)) ? null : t("form.emailBroken")),
    },
  });
  const save = useMutation({
    mutationFn: (body: typeof form.values) =>
      group === undefined
        ? take(api.POST("/api/v1/groups", { body }))
        : take(api.PUT("/api/v1/groups/{group_id}", { params: { path: { group_id: group.id } }, body })),
    onSuccess: async ({ name }) => {
      onClose();
      tell(t("groups.saved", { name }));
      await client.invalidateQueries({ queryKey: ["groups"] });
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
      fullScreen={narrow}
      title={group === undefined ? t("groups.add") : group.name}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
        <Stack>
          <TextInput label={t("form.name")} autoComplete="off" data-autofocus {...form.getInputProps("name")} />
          <TagsInput
            label={t("groups.addresses")}
            description={t("groups.addressesWhat")}
            acceptValueOnBlur
            {...form.getInputProps("addresses")}
          />
          <MultiSelect
            label={t("groups.members")}
            description={t("groups.membersWhat")}
            data={users.map(({ id, name }) => ({ value: id, label: name }))}
            searchable
            clearable
            {...form.getInputProps("members")}
          />
          <Textarea label={t("groups.description")} autosize minRows={2} maxLength={1000} {...form.getInputProps("description")} />
          <FormEnd
            save={save}
            label={group === undefined ? t("groups.create") : t("form.save")}
            failed={t("groups.notSaved")}
            onCancel={onClose}
          />
        </Stack>
      </form>
    </Modal>
  );
}
