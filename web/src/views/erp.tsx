import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import { useMayAdminister } from "../api/session";
import css from "../erp/erp.module.css";
import { FileImport } from "../erp/FileImport";
import { Notes } from "../erp/Notes";
import { ERP_KINDS, type ErpSource, erpRunsQuery, erpSourcesQuery } from "../erp/queries";
import { RunRows, RunState, RunSums } from "../erp/RunRows";
import { SourceDialog } from "../erp/SourceDialog";
import { useFormats } from "../lang/format";
import { AdminPage } from "../parts/AdminPage";
import { EditRemove } from "../parts/EditRemove";
import { Failure } from "../parts/Failure";
import { Notice, Pill } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { RemoveDialog } from "../parts/RemoveDialog";
import { tellFailure } from "../parts/toast";

/** Where records of the ERP come from, and what the runs brought. */
export function Erp() {
  const { t } = useTranslation();
  const { number } = useFormats();
  const administrator = useMayAdminister();
  const query = useQuery({ ...erpSourcesQuery, enabled: administrator });
  const runs = useQuery({ ...erpRunsQuery(undefined), enabled: administrator });
  const { data } = query;
  const client = useQueryClient();
  const [edited, setEdited] = useState<ErpSource | "new">();
  const [removing, setRemoving] = useState<ErpSource>();
  const [importing, setImporting] = useState(false);
  return (
    <AdminPage
      title={t("erp.title")}
      lead={t("erp.lead")}
      add={t("erp.add")}
      onAdd={() => setEdited("new")}
      of={query}
      failed={t("erp.notLoaded")}
    >
      {data === undefined ? null : (
        <section className={page.card} aria-label={t("erp.records")}>
          <dl className={page.numbers}>
            {ERP_KINDS.map((kind) => (
              <div className={page.number} key={kind}>
                <dt>{t(`erp.plural.${kind}`)}</dt>
                <dd>{number(data.counts[kind] ?? 0)}</dd>
              </div>
            ))}
          </dl>
          <div className={css.buttons}>
            <Button variant="default" onClick={() => setImporting(true)}>
              {t("erp.importFile")}
            </Button>
          </div>
        </section>
      )}
      <div className={page.stack}>
        {data?.items.length === 0 ? <Notice tone="info">{t("erp.none")}</Notice> : null}
        {data?.items.map((one) => (
          <Card key={one.id} source={one} onEdit={() => setEdited(one)} onRemove={() => setRemoving(one)} />
        ))}
      </div>
      {runs.data === undefined ? null : (
        <section className={page.card} aria-label={t("erp.runs")}>
          <h2>{t("erp.runs")}</h2>
          <RunRows runs={runs.data} label={t("erp.runs")} />
        </section>
      )}
      {runs.error === null ? null : <Failure error={runs.error} what={t("erp.runsFailed")} />}
      {importing ? <FileImport onClose={() => setImporting(false)} /> : null}
      {edited === undefined ? null : (
        <SourceDialog
          source={edited === "new" ? undefined : edited}
          folder={data?.folder ?? ""}
          onClose={() => setEdited(undefined)}
        />
      )}
      {removing === undefined ? null : (
        <RemoveDialog
          title={t("erp.removeTitle", { name: removing.name })}
          means={t("erp.removeMeans")}
          label={t("erp.removeNow")}
          failed={t("erp.notRemoved")}
          remove={() =>
            done(api.DELETE("/api/v1/erp/sources/{source_id}", { params: { path: { source_id: removing.id } } }))
          }
          onRemoved={() => client.invalidateQueries({ queryKey: ["erp"] })}
          onClose={() => setRemoving(undefined)}
        />
      )}
    </AdminPage>
  );
}

interface CardProps {
  source: ErpSource;
  onEdit: () => void;
  onRemove: () => void;
}

function Card({ source, onEdit, onRemove }: CardProps) {
  const { t } = useTranslation();
  const { shortDate, number } = useFormats();
  const client = useQueryClient();
  const last = source.last_run;
  const run = useMutation({
    mutationFn: (allow: boolean) =>
      done(
        api.POST("/api/v1/erp/sources/{source_id}/run", {
          params: { path: { source_id: source.id }, query: { allow } },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ["erp"] }),
    onError: (error) => tellFailure(t("erp.notRun"), error.message),
  });
  return (
    <section className={page.card} aria-label={source.name}>
      <div className={page.cardHead}>
        <h2>{source.name}</h2>
        <Pill tone="neutral">{t(`erp.types.${source.type}`)}</Pill>
        {source.active ? null : <Pill tone="neutral">{t("erp.off")}</Pill>}
        <EditRemove
          edit={t("erp.editNamed", { name: source.name })}
          remove={t("erp.removeNamed", { name: source.name })}
          onEdit={onEdit}
          onRemove={onRemove}
        />
      </div>
      {last === null ? (
        <p className={page.dimmed}>{t("erp.neverRun")}</p>
      ) : (
        <>
          <div className={page.row}>
            <RunState run={last} />
            <RunSums run={last} />
            <span className={page.dimmed}>{shortDate(last.started)}</span>
          </div>
          {last.error === null ? null : <p className={css.error}>{last.error}</p>}
          <Notes notes={last.notes} />
        </>
      )}
      {last !== null && last.held > 0 ? (
        <Notice
          tone="warn"
          title={t("erp.heldTitle")}
          actions={
            source.type === "rest" ? null : (
              <Button size="xs" variant="default" loading={run.isPending} onClick={() => run.mutate(true)}>
                {t("erp.runAllowed")}
              </Button>
            )
          }
        >
          {t("erp.held", { held: number(last.held), of: number(last.held_of) })}
        </Notice>
      ) : null}
      {source.type === "rest" ? null : (
        <div className={css.buttons}>
          <Button size="xs" variant="default" loading={run.isPending} onClick={() => run.mutate(false)}>
            {t("erp.run")}
          </Button>
        </div>
      )}
    </section>
  );
}
