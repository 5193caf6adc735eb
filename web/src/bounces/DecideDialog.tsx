import { Modal, Select, Stack, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { listsQuery } from "../api/queries";
import { FormEnd } from "../parts/FormEnd";
import { tell } from "../parts/toast";
import { endOf, type Term, TERMS } from "./states";

export interface Decision {
  what: "block" | "clear";
  /** Preset scope. */
  list: string | null;
}

const EVERYWHERE = "everywhere";

/** Asks before an address is blocked or cleared by hand. */
export function DecideDialog({
  address,
  decision: { what, list: preset },
  onClose,
}: {
  address: string;
  decision: Decision;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const lists = useQuery(listsQuery).data ?? [];
  const [list, setList] = useState(preset ?? EVERYWHERE);
  const [term, setTerm] = useState<Term>("forever");
  const [note, setNote] = useState("");
  const decide = useMutation({
    mutationFn: () =>
      take(
        api.PUT("/api/v1/addresses/{address}/state", {
          params: { path: { address } },
          body: {
            state: what === "block" ? "blocked" : null,
            list: list === EVERYWHERE ? null : list,
            expires: what === "block" ? endOf(term, new Date()) : null,
            note: note.trim(),
          },
        }),
      ),
    onSuccess: async () => {
      onClose();
      tell(t(what === "block" ? "address.blocked" : "address.cleared", { address }));
      await client.invalidateQueries({ queryKey: ["addresses"] });
      await client.invalidateQueries({ queryKey: ["dashboard"] });
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={t(what === "block" ? "address.blockTitle" : "address.clearTitle", { address })}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          decide.mutate();
        }}
      >
        <Stack>
          <div>{t(what === "block" ? "address.blockMeans" : "address.clearMeans")}</div>
          {lists.length === 0 ? null : (
            <Select
              label={t("address.scope")}
              allowDeselect={false}
              data={[
                { value: EVERYWHERE, label: t("feedback.everywhere") },
                ...lists.map(({ id, name }) => ({ value: id, label: t("feedback.forList", { name }) })),
              ]}
              value={list}
              onChange={(value) => setList(value ?? EVERYWHERE)}
            />
          )}
          {what === "clear" ? null : (
            <Select
              label={t("address.until")}
              allowDeselect={false}
              data={TERMS.map((value) => ({ value, label: t(`terms.${value}`) }))}
              value={term}
              onChange={(value) => setTerm(TERMS.find((one) => one === value) ?? "forever")}
            />
          )}
          <TextInput
            label={t("address.note")}
            description={t("address.noteHint")}
            maxLength={500}
            autoComplete="off"
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
          <FormEnd
            save={decide}
            label={t(what === "block" ? "address.block" : "address.clear")}
            failed={t("address.notChanged")}
            color={what === "block" ? "red.8" : undefined}
            onCancel={onClose}
            cancelFocused
          />
        </Stack>
      </form>
    </Modal>
  );
}
