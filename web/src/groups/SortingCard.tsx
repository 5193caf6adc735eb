import { ActionIcon, Button, Select, Stack, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done, take } from "../api/client";
import { useMayAdminister } from "../api/session";
import type { Account, Group, SortingRule } from "../api/types";
import { Failure } from "../parts/Failure";
import { Loading } from "../parts/Loading";
import page from "../parts/Page.module.css";
import { PlainLink } from "../parts/PlainLink";
import { tell, tellFailure } from "../parts/toast";
import css from "./groups.module.css";
import { groupsQuery, sortingQuery } from "./queries";

/** Which mails of an account belong to which group, by whom they were for. */
export function SortingCard({ account }: { account: Account }) {
  const { t } = useTranslation();
  const groups = useQuery(groupsQuery);
  const rules = useQuery(sortingQuery(account.id));
  if (groups.data === undefined || rules.data === undefined) {
    return <Loading of={groups.data === undefined ? groups : rules} what={t("groups.sortingFailed")} height={120} />;
  }
  return (
    <section className={page.card} aria-label={t("groups.sorting")}>
      <div className={page.cardHead}>
        <h2>{t("groups.sorting")}</h2>
      </div>
      <p className={page.lead}>{t("groups.sortingWhat")}</p>
      {groups.data.length === 0 ? (
        <p>
          {t("groups.none")} <PlainLink to="/settings/groups">{t("groups.title")}</PlainLink>
        </p>
      ) : (
        <Rules key={JSON.stringify(rules.data)} account={account} groups={groups.data} kept={rules.data} />
      )}
    </section>
  );
}

interface RulesProps {
  account: Account;
  groups: Group[];
  kept: SortingRule[];
}

function Rules({ account, groups, kept }: RulesProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const administrator = useMayAdminister();
  const [named, setNamed] = useState(kept.filter(({ pattern }) => pattern !== ""));
  const [rest, setRest] = useState(kept.find(({ pattern }) => pattern === "")?.group ?? "");
  const params = { path: { account_id: account.id } };
  const save = useMutation({
    mutationFn: () =>
      take(
        api.PUT("/api/v1/accounts/{account_id}/sorting", {
          params,
          body: {
            items: [
              ...named.filter(({ pattern }) => pattern.trim() !== ""),
              ...(rest === "" ? [] : [{ pattern: "", group: rest }]),
            ],
          },
        }),
      ),
    onSuccess: async () => {
      tell(t("groups.sortingSaved"));
      await client.invalidateQueries(sortingQuery(account.id));
    },
  });
  const again = useMutation({
    mutationFn: () => done(api.POST("/api/v1/accounts/{account_id}/sorting/earlier", { params })),
    onSuccess: () => tell(t("groups.sortsEarlier")),
    onError: (error) => tellFailure(t("groups.notSorted"), error.message),
  });
  const options = groups.map(({ id, name }) => ({ value: id, label: name }));
  const change = (at: number, with_: Partial<SortingRule>) =>
    setNamed(named.map((rule, n) => (n === at ? { ...rule, ...with_ } : rule)));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <fieldset disabled={!administrator} className={css.rules}>
        <Stack gap="xs">
          {named.map((rule, at) => (
            <div key={at} className={css.rule} role="group" aria-label={t("groups.rule", { number: at + 1 })}>
              <TextInput
                aria-label={t("groups.pattern")}
                placeholder={t("groups.patternExample")}
                autoComplete="off"
                spellCheck={false}
                value={rule.pattern}
                onChange={(event) => change(at, { pattern: event.currentTarget.value })}
              />
              <Select
                aria-label={t("groups.group")}
                allowDeselect={false}
                data={options}
                value={rule.group}
                onChange={(group) => group !== null && change(at, { group })}
              />
              <ActionIcon
                variant="subtle"
                color="gray"
                size={44}
                aria-label={t("groups.ruleRemove")}
                onClick={() => setNamed(named.filter((_, n) => n !== at))}
              >
                <IconTrash size={18} stroke={1.7} />
              </ActionIcon>
            </div>
          ))}
          <Button
            className={css.add}
            variant="default"
            leftSection={<IconPlus size={16} aria-hidden />}
            onClick={() => setNamed([...named, { pattern: "", group: groups[0]?.id ?? "" }])}
          >
            {t("groups.ruleAdd")}
          </Button>
          <Select
            label={t("groups.rest")}
            description={t("groups.restWhat")}
            placeholder={t("groups.restNone")}
            clearable
            data={options}
            value={rest === "" ? null : rest}
            onChange={(group) => setRest(group ?? "")}
          />
        </Stack>
      </fieldset>
      {save.error === null ? null : <Failure error={save.error} what={t("groups.sortingNotSaved")} />}
      {administrator ? (
        <div className={`${page.row} ${page.spaced}`}>
          <Button type="submit" loading={save.isPending}>
            {t("groups.sortingSave")}
          </Button>
          <Button variant="default" loading={again.isPending} onClick={() => again.mutate()}>
            {t("groups.sortEarlier")}
          </Button>
        </div>
      ) : null}
    </form>
  );
}
