import { Button, Checkbox, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done, take } from "../api/client";
import { accountsQuery } from "../api/queries";
import type { Account, Group as MailGroup, SortingRule } from "../api/types";
import { groupsQuery, sortingQuery } from "../groups/queries";
import { useFormats } from "../lang/format";
import { type SmtpAccount, smtpQuery } from "../outgoing/queries";
import { Failure } from "../parts/Failure";
import { Notice } from "../parts/Notice";
import { tell } from "../parts/toast";

/** Removal in two steps: switched off first, then removed by its name, with what belongs to it. The mails stay. */
export function RemoveDialog({ account, onClose }: { account: Account; onClose: () => void }) {
  const { t } = useTranslation();
  const isFetched = account.kind !== "import" && account.active;
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("accounts.removeTitle", { name: account.name })}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      {isFetched ? <SwitchOff account={account} onClose={onClose} /> : <Removal account={account} onClose={onClose} />}
    </Modal>
  );
}

interface StepProps {
  account: Account;
  onClose: () => void;
}

function SwitchOff({ account, onClose }: StepProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const switchOff = useMutation({
    mutationFn: () =>
      take(
        api.PATCH("/api/v1/accounts/{account_id}", {
          params: { path: { account_id: account.id } },
          body: { active: false },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ["accounts"] }),
  });
  return (
    <Stack>
      <div>{t("accounts.removeFirst")}</div>
      <Kept account={account} />
      {switchOff.error === null ? null : <Failure error={switchOff.error} what={t("accounts.notChanged")} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose} data-autofocus>
          {t("form.cancel")}
        </Button>
        <Button color="red.8" loading={switchOff.isPending} onClick={() => switchOff.mutate()}>
          {t("accounts.removeNext")}
        </Button>
      </Group>
    </Stack>
  );
}

/** How many mails stay in the archive. */
function Kept({ account }: { account: Account }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const { mails } = account;
  return (
    <Notice tone="info">
      {mails == null ? t("accounts.removeKeepsAll") : t("accounts.removeKeeps", { count: mails, shown: number(mails) })}
    </Notice>
  );
}

/** Servers that send for this account: of the same name, or with the same login and address and no other account's name. */
function sendingOf(account: Account, servers: SmtpAccount[], accounts: Account[]): SmtpAccount[] {
  const others = new Set(accounts.filter(({ id }) => id !== account.id).map(({ name }) => name));
  return servers.filter(
    ({ name, login, from_address: from }) =>
      name === account.name ||
      (!others.has(name) && login !== "" && login === account.connection?.login && from === account.address),
  );
}

/** Groups of this account: of the same name, or the one all its other mails are sorted to and with its address. */
function groupsOf(account: Account, groups: MailGroup[], rules: SortingRule[]): MailGroup[] {
  const rest = rules.find(({ pattern }) => pattern === "")?.group;
  const own = account.address?.toLowerCase();
  return groups.filter(
    ({ id, name, addresses }) => name === account.name || (id === rest && own !== undefined && addresses.includes(own)),
  );
}

function Removal({ account, onClose }: StepProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [typed, setTyped] = useState("");
  const [also, setAlso] = useState<string[]>([]);
  const servers = useQuery(smtpQuery);
  const accounts = useQuery(accountsQuery);
  const [alsoGroups, setAlsoGroups] = useState<string[]>([]);
  const all = useQuery(groupsQuery);
  const rules = useQuery(sortingQuery(account.id));
  const groups = groupsOf(account, all.data ?? [], rules.data ?? []);
  const companions = sendingOf(account, servers.data ?? [], accounts.data ?? []);
  const remove = useMutation({
    mutationFn: () =>
      done(
        api.DELETE("/api/v1/accounts/{account_id}", {
          params: { path: { account_id: account.id } },
          body: { confirm: account.name, smtp_accounts: also, groups: alsoGroups },
        }),
      ),
    onSuccess: async () => {
      tell(t("accounts.removed", { name: account.name }));
      await navigate({ to: "/settings/accounts" });
      client.removeQueries({ queryKey: ["accounts", account.id] });
      await client.invalidateQueries({ queryKey: ["accounts"], exact: true });
      await client.invalidateQueries({ queryKey: ["smtp"] });
      await client.invalidateQueries({ queryKey: ["groups"] });
      await client.refetchQueries({ queryKey: ["session"] });
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        remove.mutate();
      }}
    >
      <Stack>
        <div>{t("accounts.removeMeans")}</div>
        <Kept account={account} />
        {companions.map(({ id, name, host, notices }) => (
          <Checkbox
            key={id}
            label={t("accounts.removeSending", { name, host })}
            description={notices ? t("accounts.removeSendingNotices") : undefined}
            checked={also.includes(id)}
            onChange={(event) =>
              setAlso(event.currentTarget.checked ? [...also, id] : also.filter((other) => other !== id))
            }
          />
        ))}
        {groups.map(({ id, name, addresses }) => (
          <Checkbox
            key={id}
            label={t("accounts.removeGroup", { name, addresses: addresses.join(", ") })}
            description={t("accounts.removeGroupWhat")}
            checked={alsoGroups.includes(id)}
            onChange={(event) =>
              setAlsoGroups(event.currentTarget.checked ? [...alsoGroups, id] : alsoGroups.filter((other) => other !== id))
            }
          />
        ))}
        <TextInput
          data-autofocus
          label={t("accounts.removeConfirm", { name: account.name })}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
        />
        {remove.error === null ? null : <Failure error={remove.error} what={t("accounts.notRemoved")} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("form.cancel")}
          </Button>
          <Button
            type="submit"
            color="red.8"
            disabled={typed.trim() !== account.name || [servers, accounts, all, rules].some(({ isPending }) => isPending)}
            loading={remove.isPending}
          >
            {t("accounts.removeNow")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
