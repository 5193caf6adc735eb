import { Autocomplete, Button, Group, Modal, Select, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { accountsQuery } from "../api/queries";
import { useSession } from "../api/session";
import { type Picked, send } from "../api/upload";
import { useFormats } from "../lang/format";
import { Notice } from "../parts/Notice";
import { accountNameFor } from "./accountName";
import css from "./imports.module.css";

/** As many names as help to recognise what was dropped. */
const SHOWN = 50;

/** Into which account the files go. Administrators may name a new one. */
export function StartDialog({ picked, onClose }: { picked: Picked[]; onClose: () => void }) {
  const { t } = useTranslation();
  const { octets } = useFormats();
  const administrator = useSession().user.role === "administrator";
  const { data } = useQuery(accountsQuery);
  const readable = data?.filter((account) => account.readable) ?? [];
  const [typed, setTyped] = useState<string>();
  const account = typed ?? (administrator ? accountNameFor(picked.map(({ path }) => path)) : (readable[0]?.id ?? ""));
  const total = picked.reduce((sum, { file }) => sum + file.size, 0);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (account.trim() !== "") {
      send(account.trim());
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("imports.startTitle", { count: picked.length, size: octets(total) })}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={submit}>
        <Stack>
          <ul className={css.files}>
            {picked.slice(0, SHOWN).map(({ file, path }, at) => (
              <li key={at}>
                <span>{path}</span>
                <span>{octets(file.size)}</span>
              </li>
            ))}
            {picked.length > SHOWN ? <li>{t("imports.moreFiles", { count: picked.length - SHOWN })}</li> : null}
          </ul>
          {administrator ? (
            <Autocomplete
              label={t("imports.account")}
              description={t("imports.accountWhat")}
              data={data?.map(({ name }) => name) ?? []}
              value={account}
              onChange={setTyped}
              maxLength={200}
            />
          ) : (
            <Select
              label={t("imports.account")}
              allowDeselect={false}
              data={readable.map(({ id, name }) => ({ value: id, label: name }))}
              value={account}
              onChange={(value) => setTyped(value ?? "")}
            />
          )}
          {!administrator && readable.length === 0 ? <Notice tone="warn">{t("imports.noAccount")}</Notice> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("form.cancel")}
            </Button>
            <Button type="submit" data-autofocus disabled={account.trim() === ""}>
              {t("imports.start")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
