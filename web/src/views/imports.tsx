import { Button, FileButton, Progress } from "@mantine/core";
import { IconFileImport, IconFolderOpen, IconUpload } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { importsQuery } from "../api/queries";
import { useSession } from "../api/session";
import type { ImportRun } from "../api/types";
import { dismiss, pick, unpick, useUploads, type Upload } from "../api/upload";
import { Counts } from "../imports/Counts";
import { StartDialog } from "../imports/StartDialog";
import { useFormats } from "../lang/format";
import { Failure } from "../parts/Failure";
import { Loading } from "../parts/Loading";
import { Empty, Notice, Pill, type Tone } from "../parts/Notice";
import { useIsNarrow } from "../parts/Panes";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { PlainLink } from "../parts/PlainLink";
import css from "../imports/imports.module.css";

/** Bringing mail files in, and what became of them. */
export function Imports() {
  const { t } = useTranslation();
  const { picked, uploads } = useUploads();
  const query = useQuery({
    ...importsQuery,
    // Events tell of progress; this is for a connection that lost some.
    refetchInterval: (query) => (query.state.data?.some(({ state }) => state === "running") === true ? 4_000 : false),
  });
  const { data } = query;
  const mayImport = useSession().user.role !== "auditor";
  return (
    <div className={page.page}>
      <div className={page.inner}>
        <PageHead title={t("imports.title")} lead={t("imports.lead")} />
        {mayImport ? <DropZone /> : null}
        {picked.length > 0 ? <StartDialog picked={picked} onClose={unpick} /> : null}
        <Loading of={query} what={t("imports.failed")} height={130} />
        <div className={page.stack}>
          {uploads.map((upload) => (
            <UploadCard key={upload.id} upload={upload} />
          ))}
          {data?.map((run) => (
            <RunCard key={run.id} run={run} mayCancel={mayImport} />
          ))}
        </div>
        {data?.length === 0 && uploads.length === 0 ? (
          <Empty icon={IconFileImport}>{t("imports.none")}</Empty>
        ) : null}
      </div>
    </div>
  );
}

function DropZone() {
  const { t } = useTranslation();
  const narrow = useIsNarrow();
  const take = (files: File[]) => pick(files.map((file) => ({ file, path: file.webkitRelativePath || file.name })));
  return (
    <section className={css.zone}>
      <IconUpload size={34} stroke={1.5} aria-hidden />
      <div>
        <b>{t("imports.dropHere")}</b>
        <div className={page.dimmed}>{t("imports.formats")}</div>
      </div>
      <div className={page.row}>
        <FileButton multiple onChange={take} inputProps={{ "aria-label": t("imports.choose") }}>
          {(props) => (
            <Button {...props} leftSection={<IconFileImport size={17} aria-hidden />}>
              {t("imports.choose")}
            </Button>
          )}
        </FileButton>
        {narrow ? null : (
          <FileButton
            multiple
            onChange={take}
            inputProps={{ "aria-label": t("imports.chooseFolder"), ...{ webkitdirectory: "" } }}
          >
            {(props) => (
              <Button {...props} variant="default" leftSection={<IconFolderOpen size={17} aria-hidden />}>
                {t("imports.chooseFolder")}
              </Button>
            )}
          </FileButton>
        )}
      </div>
    </section>
  );
}

function namesOf(names: string[]): string {
  const [first = "", ...rest] = names;
  return rest.length === 0 ? first : `${first} + ${rest.length}`;
}

/** Files on their way to the server; needs the page. */
function UploadCard({ upload }: { upload: Upload }) {
  const { t } = useTranslation();
  const { octets, percent } = useFormats();
  const share = upload.total === 0 ? 0 : upload.sent / upload.total;
  return (
    <article className={page.card} aria-label={namesOf(upload.names)}>
      <div className={page.cardHead}>
        <h2>{namesOf(upload.names)}</h2>
        <Pill tone={upload.state === "failed" ? "danger" : "info"}>{t(`imports.uploads.${upload.state}`)}</Pill>
        <span className={page.end}>
          <Button size="xs" variant="default" onClick={() => dismiss(upload.id)}>
            {upload.state === "failed" ? t("imports.putAway") : t("form.cancel")}
          </Button>
        </span>
      </div>
      {upload.error === undefined ? (
        <div className={page.spaced}>
          <div className={page.dimmed}>
            {t("imports.sent", { sent: octets(upload.sent), total: octets(upload.total), percent: percent(share) })}{" "}
            {t("imports.keepOpen")}
          </div>
          <Progress value={share * 100} mt={4} aria-label={t("imports.uploads.sending")} />
        </div>
      ) : (
        <div className={page.spaced}>
          <Failure error={upload.error} what={t("imports.notSent")} />
        </div>
      )}
    </article>
  );
}

const TONES: Record<ImportRun["state"], Tone> = {
  running: "info",
  finished: "ok",
  cancelled: "neutral",
  failed: "danger",
};

/** An import at the server: progress with numbers, then the report. */
function RunCard({ run, mayCancel }: { run: ImportRun; mayCancel: boolean }) {
  const { t } = useTranslation();
  const { number, octets, shortDate } = useFormats();
  const client = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => take(api.DELETE("/api/v1/imports/{import_id}", { params: { path: { import_id: run.id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["imports"] }),
  });
  const share = run.total_octets === 0 ? 0 : Math.min(100, (run.octets / run.total_octets) * 100);
  const tone = run.state === "finished" && run.failed > 0 ? "warn" : TONES[run.state];
  return (
    <article className={page.card} aria-label={run.name}>
      <div className={page.cardHead}>
        <h2>{run.name}</h2>
        <Pill tone={tone}>{t(`imports.states.${run.state}`)}</Pill>
        <span className={page.dimmed}>
          {t("imports.into")} <PlainLink to={`/mail/all?account=${run.account}`}>{run.account_name}</PlainLink> ·{" "}
          <time dateTime={run.started}>{shortDate(run.started)}</time>
        </span>
        {run.state === "running" && mayCancel ? (
          <span className={page.end}>
            <Button size="xs" variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
              {t("form.cancel")}
            </Button>
          </span>
        ) : null}
      </div>
      {run.state === "running" ? (
        <div className={page.spaced}>
          <div className={page.dimmed}>
            {t("imports.progress", { seen: number(run.seen), done: octets(run.octets), total: octets(run.total_octets) })}{" "}
            {t("imports.mayClose")}
          </div>
          <Progress value={share} animated mt={4} aria-label={t("imports.states.running")} />
        </div>
      ) : null}
      {cancel.error === null ? null : <Failure error={cancel.error} what={t("imports.notCancelled")} />}
      {run.state === "failed" ? (
        <div className={page.spaced}>
          <Notice tone="danger" title={t("imports.stopped")}>
            {t("imports.stoppedWhat")}
          </Notice>
        </div>
      ) : null}
      <Counts run={run} />
      <div className={page.spaced}>
        <PlainLink to={`/imports/${run.id}`}>{t("imports.report.link")}</PlainLink>
      </div>
      {run.failures.length === 0 ? null : (
        <details>
          <summary className={css.summary}>{t("imports.failures", { count: run.failed })}</summary>
          <ul className={css.failures}>
            {run.failures.map(({ locator, reason }, at) => (
              <li key={at}>
                <span className={page.mono}>{locator}</span>
                <span>{reason}</span>
              </li>
            ))}
          </ul>
          {run.failed > run.failures.length ? (
            <p className={page.dimmed}>{t("imports.moreFailures", { count: run.failed - run.failures.length })}</p>
          ) : null}
        </details>
      )}
    </article>
  );
}
