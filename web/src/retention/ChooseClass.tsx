import { Modal, Select, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import { FormEnd } from "../parts/FormEnd";
import { tell } from "../parts/toast";
import { retentionQuery } from "./queries";
import { useRetentionWords } from "./words";

const NONE = "none";

/** Gives messages a retention class, with a reason. */
export function ChooseClass({ mails, onClose }: { mails: string[]; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { name, months } = useRetentionWords();
  const classes = useQuery(retentionQuery).data?.classes ?? [];
  const form = useForm({
    initialValues: { class: null as string | null, reason: "" },
    validate: {
      class: (value) => (value === null ? t("form.required") : null),
      reason: (value) => (value.trim() === "" ? t("form.required") : null),
    },
  });
  const save = useMutation({
    mutationFn: ({ class: of, reason }: typeof form.values) =>
      done(
        api.POST("/api/v1/messages/retention", {
          body: { mails, class: of === NONE ? null : Number(of), reason },
        }),
      ),
    onSuccess: async () => {
      onClose();
      tell(t("retention.saved"));
      await client.invalidateQueries({ queryKey: ["retention"] });
    },
  });
  return (
    <Modal opened onClose={onClose} title={t("retention.choose")} closeButtonProps={{ "aria-label": t("common.close") }}>
      <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
        <Stack>
          <Select
            label={t("retention.class")}
            data={[
              ...classes.map((one) => ({ value: String(one.key), label: `${name(one)} (${months(one.months)})` })),
              { value: NONE, label: t("retention.needsNone") },
            ]}
            {...form.getInputProps("class")}
          />
          <TextInput
            label={t("retention.reason")}
            description={t("retention.reasonWhat")}
            autoComplete="off"
            maxLength={500}
            {...form.getInputProps("reason")}
          />
          <FormEnd save={save} label={t("form.save")} failed={t("retention.notSaved")} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
