import { Button, Table } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import { isProblem } from "../api/problem";
import { useFormats } from "../lang/format";
import { Loading } from "../parts/Loading";
import page from "../parts/Page.module.css";
import { tell, tellFailure } from "../parts/toast";
import css from "./links.module.css";
import { linkBatchesQuery, linksChanged } from "./queries";

/** Past mails that were filed otherwise together, each batch with its undoing. */
export function Batches() {
  const { t } = useTranslation();
  const { number, listDate } = useFormats();
  const client = useQueryClient();
  const query = useQuery(linkBatchesQuery);
  const undo = useMutation({
    mutationFn: (batch: number) =>
      done(api.POST("/api/v1/links/batches/{batch}/undo", { params: { path: { batch: String(batch) } } })),
    onSuccess: () => tell(t("linkRules.undone")),
    onError: (error) => tellFailure(t("linkRules.notUndone"), isProblem(error) ? error.detail : undefined),
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: linkBatchesQuery.queryKey });
      await linksChanged(client);
    },
  });
  const { data } = query;
  return (
    <section className={page.card}>
      <h2>{t("linkRules.batches")}</h2>
      <p className={page.dimmed}>{t("linkRules.batchesWhat")}</p>
      <Loading of={query} what={t("linkRules.batchesFailed")} height={60} />
      {data?.length === 0 ? <p>{t("linkRules.noBatches")}</p> : null}
      {data === undefined || data.length === 0 ? null : (
        <div className={page.scrollX} tabIndex={0} role="region" aria-label={t("linkRules.batches")}>
          <Table>
            <Table.Tbody>
              {data.map(({ batch, at, user, mails, undone }) => (
                <Table.Tr key={batch}>
                  <Table.Td>
                    {t("linkRules.batchMails", { count: mails, mails: number(mails) })}
                    <div className={css.dimmed}>
                      {[user ?? t("linkRules.formerUser"), listDate(at)].join(" · ")}
                    </div>
                  </Table.Td>
                  <Table.Td align="right">
                    {undone === null ? (
                      <Button
                        size="compact-sm"
                        variant="default"
                        aria-label={t("linkRules.undoOf", { date: listDate(at) })}
                        loading={undo.isPending && undo.variables === batch}
                        disabled={undo.isPending}
                        onClick={() => undo.mutate(batch)}
                      >
                        {t("linkRules.undo")}
                      </Button>
                    ) : (
                      <span className={css.dimmed}>{t("linkRules.undoneAt", { date: listDate(undone) })}</span>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
    </section>
  );
}
