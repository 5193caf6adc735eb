import { Button, FileButton } from "@mantine/core";
import { IconDownload, IconMailCheck, IconPlus, IconUpload } from "@tabler/icons-react";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import { suppressionQuery } from "../api/queries";
import { useSession } from "../api/session";
import type { Suppression } from "../api/types";
import css from "../bounces/bounces.module.css";
import { addressPath } from "../bounces/states";
import { SuppressDialog } from "../bounces/SuppressDialog";
import { SuppressionFacts } from "../bounces/SuppressionFacts";
import { SuppressionImport } from "../bounces/SuppressionImport";
import { Loading } from "../parts/Loading";
import { More } from "../parts/More";
import { Empty } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { PlainLink } from "../parts/PlainLink";
import { RemoveDialog } from "../parts/RemoveDialog";
import { tell } from "../parts/toast";

/** Addresses that are not written to, by rule or by hand. */
export function SuppressionList() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const found = useInfiniteQuery(suppressionQuery);
  const mayChange = useSession().user.role !== "auditor";
  const [adding, setAdding] = useState(false);
  const [file, setFile] = useState<File | null>(null);
  const [removed, setRemoved] = useState<Suppression>();
  const entries = found.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <div className={page.page}>
      <div className={page.inner}>
        <PageHead title={t("suppression.title")} lead={t("suppression.lead")} />
        <div className={css.tools}>
          {mayChange ? (
            <>
              <Button leftSection={<IconPlus size={17} aria-hidden />} onClick={() => setAdding(true)}>
                {t("suppression.add")}
              </Button>
              <FileButton
                accept=".csv,text/csv,text/plain"
                onChange={setFile}
                inputProps={{ "aria-label": t("suppression.import") }}
              >
                {(props) => (
                  <Button {...props} variant="default" leftSection={<IconUpload size={16} aria-hidden />}>
                    {t("suppression.import")}
                  </Button>
                )}
              </FileButton>
            </>
          ) : null}
          <Button
            component="a"
            href="/api/v1/suppression/export"
            download
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            {t("suppression.export")}
          </Button>
        </div>
        <Loading of={found} what={t("suppression.failed")} height={220} />
        {found.isSuccess && entries.length === 0 ? (
          <Empty icon={IconMailCheck}>{t("suppression.none")}</Empty>
        ) : null}
        {entries.length === 0 ? null : (
          <ul className={css.rows} aria-label={t("suppression.title")}>
            {entries.map((entry) => (
              <li key={entry.key} className={css.withButtons}>
                <span className={css.address}>
                  <PlainLink to={addressPath(entry.address)} className={css.link}>
                    {entry.address}
                  </PlainLink>
                </span>
                <span className={css.why}>
                  <SuppressionFacts entry={entry} />
                </span>
                {mayChange ? (
                  <span className={css.buttons}>
                    <Button
                      size="xs"
                      variant="default"
                      aria-label={t("suppression.removeNamed", { address: entry.address })}
                      onClick={() => setRemoved(entry)}
                    >
                      {t("suppression.remove")}
                    </Button>
                  </span>
                ) : null}
              </li>
            ))}
          </ul>
        )}
        <More of={found} label={t("feedback.more")} failed={t("suppression.failed")} />
        {adding ? <SuppressDialog onClose={() => setAdding(false)} /> : null}
        {file === null ? null : <SuppressionImport file={file} onClose={() => setFile(null)} />}
        {removed === undefined ? null : (
          <RemoveDialog
            title={t("suppression.removeTitle", { address: removed.address })}
            means={t("suppression.removeMeans")}
            label={t("suppression.remove")}
            failed={t("suppression.notRemoved")}
            remove={() => done(api.DELETE("/api/v1/suppression/{key}", { params: { path: { key: String(removed.key) } } }))}
            onRemoved={async () => {
              tell(t("suppression.removed", { address: removed.address }));
              await client.invalidateQueries({ queryKey: ["suppression"] });
              await client.invalidateQueries({ queryKey: ["addresses"] });
            }}
            onClose={() => setRemoved(undefined)}
          />
        )}
      </div>
    </div>
  );
}
