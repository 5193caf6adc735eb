import { Button, Modal, Select, Stack, TagsInput, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { mailboxesQuery } from "../api/queries";
import type { Account, Exclusion } from "../api/types";
import { FormEnd } from "../parts/FormEnd";
import { Notice } from "../parts/Notice";
import { tell } from "../parts/toast";

const KINDS = ["folder", "sender", "spam", "private", "works_council"] as const;

/** An exclusion, made or changed. Removing one is said in full: what is archived then stays archived. */
export function ExclusionDialog({
  account,
  all,
  exclusion,
  onClose,
}: {
  account: Account;
  all: Exclusion[];
  exclusion: Exclusion | undefined;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const kinds = KINDS.filter((kind) => kind !== "folder" || account.kind !== "pop3");
  const [name, setName] = useState(exclusion?.name ?? "");
  const [kind, setKind] = useState(exclusion?.kind ?? kinds[0] ?? "sender");
  const [values, setValues] = useState(exclusion?.values ?? []);
  const [removing, setRemoving] = useState(false);
  const { data: mailboxes } = useQuery({ ...mailboxesQuery(account.id), enabled: kind === "folder" });
  const save = useMutation({
    mutationFn: () => {
      const kept = all.map((one) => ({ name: one.name, kind: one.kind, values: one.values }));
      const at = exclusion === undefined ? kept.length : kept.findIndex((one) => one.name === exclusion.name);
      const given = kind === "spam" ? [] : values;
      kept.splice(at, exclusion === undefined ? 0 : 1, ...(removing ? [] : [{ name: name.trim(), kind, values: given }]));
      return take(
        api.PUT("/api/v1/accounts/{account_id}/exclusions", {
          params: { path: { account_id: account.id } },
          body: { items: kept },
        }),
      );
    },
    onSuccess: async () => {
      tell(t("accounts.exclusions.saved"));
      onClose();
      await client.invalidateQueries({ queryKey: ["accounts"] });
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={exclusion === undefined ? t("accounts.exclusions.addTitle") : exclusion.name}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Stack>
          {removing ? (
            <Notice tone="warn">{t("accounts.exclusions.removeMeans")}</Notice>
          ) : (
            <>
              <TextInput
                data-autofocus
                required
                label={t("accounts.exclusions.name")}
                maxLength={100}
                value={name}
                onChange={(event) => setName(event.currentTarget.value)}
              />
              <Select
                label={t("accounts.exclusions.kind")}
                description={t(`accounts.exclusions.kindWhat.${kind}`)}
                allowDeselect={false}
                data={kinds.map((value) => ({ value, label: t(`accounts.exclusions.kinds.${value}`) }))}
                value={kind}
                onChange={(value) => setKind(kinds.find((known) => known === value) ?? kind)}
              />
              {kind === "spam" ? null : (
                <TagsInput
                  label={t(`accounts.exclusions.values.${kind}`)}
                  description={t("accounts.exclusions.valuesWhat")}
                  data={kind === "folder" ? (mailboxes ?? []).map((mailbox) => mailbox.name) : []}
                  acceptValueOnBlur
                  value={values}
                  onChange={setValues}
                />
              )}
              <Notice tone="info">{t("accounts.exclusions.means")}</Notice>
            </>
          )}
          <FormEnd
            save={save}
            label={t(removing ? "accounts.exclusions.removeNow" : "form.save")}
            failed={t("accounts.notSaved")}
            color={removing ? "red.8" : undefined}
            onCancel={removing ? () => setRemoving(false) : onClose}
          >
            {exclusion === undefined || removing ? null : (
              <Button variant="default" onClick={() => setRemoving(true)} mr="auto">
                {t("accounts.exclusions.remove")}
              </Button>
            )}
          </FormEnd>
        </Stack>
      </form>
    </Modal>
  );
}
