import { Button, Group, Table, TextInput } from "@mantine/core";
import { IconFlask } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import { isProblem } from "../api/problem";
import { useMayAdminister, useSession } from "../api/session";
import { useFormats } from "../lang/format";
import css from "../links/links.module.css";
import { blocklistQuery, linkSettingsQuery, whatIf } from "../links/queries";
import { LAST_DEFAULT } from "../links/rules";
import { WhatIfResult } from "../links/WhatIfResult";
import { Failure } from "../parts/Failure";
import { Loading } from "../parts/Loading";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { tell, tellFailure } from "../parts/toast";
import { tellUndo } from "../parts/undo";

/** Addresses and domains by which no mail is linked. */
export function Blocklist() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { listDate } = useFormats();
  const query = useQuery(blocklistQuery);
  const mayChange = useSession().user.role !== "auditor";
  const changed = () => client.invalidateQueries({ queryKey: blocklistQuery.queryKey });
  const put = async (entry: string, note: string) => {
    await done(api.POST("/api/v1/links/blocklist", { body: { entry, note } }));
    await changed();
  };
  const remove = useMutation({
    mutationFn: ({ entry }: { entry: string; note: string }) =>
      done(api.DELETE("/api/v1/links/blocklist/{entry}", { params: { path: { entry } } })),
    onSuccess: async (_, { entry, note }) => {
      await changed();
      tellUndo(t("blocklist.removed", { entry }), () => put(entry, note));
    },
    onError: () => tellFailure(t("blocklist.notChanged")),
  });
  const { data } = query;
  return (
    <div className={page.inner}>
      <PageHead title={t("blocklist.title")} lead={t("blocklist.lead")} />
      <div className={page.stack}>
        {mayChange ? <Add put={put} /> : null}
        <Loading of={query} what={t("blocklist.failed")} height={110} />
        {data === undefined ? null : (
          <>
            <section className={page.card}>
              <h2>{t("blocklist.entries")}</h2>
              {data.items.length === 0 ? <p className={page.dimmed}>{t("blocklist.none")}</p> : null}
              <div className={page.scrollX} tabIndex={0} role="region" aria-label={t("blocklist.entries")}>
                <Table>
                  <Table.Tbody>
                    {data.items.map(({ entry, note, user, at }) => (
                      <Table.Tr key={entry}>
                        <Table.Td>
                          <b>{entry}</b>
                          {note === "" ? null : <div className={css.dimmed}>{note}</div>}
                        </Table.Td>
                        <Table.Td className={css.dimmed}>
                          {[user, listDate(at)].filter((word) => word !== null).join(" · ")}
                        </Table.Td>
                        <Table.Td>
                          {mayChange ? (
                            <Button
                              size="compact-sm"
                              variant="default"
                              aria-label={t("blocklist.removeOf", { entry })}
                              onClick={() => remove.mutate({ entry, note })}
                            >
                              {t("blocklist.remove")}
                            </Button>
                          ) : null}
                        </Table.Td>
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </div>
            </section>
            <section className={page.card}>
              <h2>{t("blocklist.automatic")}</h2>
              <p className={page.dimmed}>{t("blocklist.automaticWhat")}</p>
              <p>{data.automatic.length === 0 ? t("blocklist.noAutomatic") : data.automatic.join(", ")}</p>
            </section>
          </>
        )}
      </div>
    </div>
  );
}

function Add({ put }: { put: (entry: string, note: string) => Promise<void> }) {
  const { t } = useTranslation();
  const [entry, setEntry] = useState("");
  const [note, setNote] = useState("");
  const add = useMutation({
    mutationFn: () => put(entry.trim(), note.trim()),
    onSuccess: () => {
      tell(t("blocklist.added", { entry: entry.trim() }));
      setEntry("");
      setNote("");
    },
  });
  const administrator = useMayAdminister();
  const client = useQueryClient();
  const { number } = useFormats();
  const run = useMutation({
    mutationFn: async (block: string) => {
      const settings = await client.query(linkSettingsQuery);
      return whatIf({ settings, block: [block], last: LAST_DEFAULT });
    },
  });
  const found = run.variables === entry.trim() ? run.data : undefined;
  const problem = add.error;
  const error = isProblem(problem) ? (problem.detail ?? problem.title) : problem === null ? undefined : t("blocklist.notChanged");
  return (
    <form
      className={page.card}
      aria-label={t("blocklist.add")}
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate();
      }}
    >
      <div className={css.tools}>
        <TextInput
          label={t("blocklist.entry")}
          description={t("blocklist.entryWhat")}
          maxLength={320}
          value={entry}
          error={error}
          onChange={(event) => setEntry(event.currentTarget.value)}
        />
        <TextInput
          label={t("blocklist.note")}
          maxLength={500}
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        <Group>
          <Button type="submit" disabled={entry.trim() === ""} loading={add.isPending}>
            {t("blocklist.add")}
          </Button>
          {administrator ? (
            <Button
              variant="default"
              leftSection={<IconFlask size={17} aria-hidden />}
              disabled={entry.trim() === ""}
              loading={run.isPending}
              onClick={() => run.mutate(entry.trim())}
            >
              {t("blocklist.dryRun")}
            </Button>
          ) : null}
        </Group>
      </div>
      {administrator ? <p className={page.dimmed}>{t("blocklist.dryRunWhat", { last: number(LAST_DEFAULT) })}</p> : null}
      {run.error === null ? null : <Failure error={run.error} what={t("linkRules.notTried")} />}
      {found === undefined ? null : <WhatIfResult found={found} />}
    </form>
  );
}
