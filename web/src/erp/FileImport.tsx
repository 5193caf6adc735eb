import { Button, Checkbox, FileInput, Modal, Select, Stack, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { useFormats } from "../lang/format";
import { Failure } from "../parts/Failure";
import { Notice } from "../parts/Notice";
import { useIsNarrow } from "../parts/Panes";
import { tell } from "../parts/toast";
import css from "./erp.module.css";
import { Notes } from "./Notes";
import { COLUMNS, ERP_KINDS, type ErpKind, type ErpPreview } from "./queries";

/** A file: first what it would change, then the import. */
export function FileImport({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const narrow = useIsNarrow();
  const client = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [kind, setKind] = useState<ErpKind>("contact");
  const [map, setMap] = useState("");
  const [partial, setPartial] = useState(false);
  const [allow, setAllow] = useState(false);
  const request = () => ({
    params: { query: { kind, map, partial, allow, name: file?.name ?? "" } },
    // The description says text for octets; a file is sent as it is.
    body: file as unknown as string,
    bodySerializer: (body: unknown) => body as BodyInit,
    headers: { "Content-Type": "application/octet-stream" },
  });
  const preview = useMutation({ mutationFn: () => take(api.POST("/api/v1/erp/preview", request())) });
  const save = useMutation({
    mutationFn: () => take(api.POST("/api/v1/erp/import", request())),
    onSuccess: async (run) => {
      onClose();
      tell(t("erp.imported", { new: number(run.new), changed: number(run.changed), vanished: number(run.vanished) }));
      await client.invalidateQueries({ queryKey: ["erp"] });
    },
  });
  const change = () => {
    preview.reset();
    save.reset();
  };
  const shown = preview.data;
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      fullScreen={narrow}
      title={t("erp.importFile")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <Stack>
        <Select
          label={t("erp.kind")}
          data={ERP_KINDS.map((one) => ({ value: one, label: t(`erp.kinds.${one}`) }))}
          value={kind}
          allowDeselect={false}
          onChange={(value) => {
            setKind(value ?? "contact");
            change();
          }}
        />
        <FileInput
          label={t("erp.file")}
          description={t("erp.fileWhat")}
          accept=".csv,.txt,.tsv,.xlsx,.xls,.ods,.vcf"
          value={file}
          onChange={(value) => {
            setFile(value);
            change();
          }}
        />
        <Textarea
          label={t("erp.map")}
          description={t("erp.mapWhat", { columns: COLUMNS[kind].join(", ") })}
          autosize
          minRows={2}
          value={map}
          onChange={(event) => {
            setMap(event.currentTarget.value);
            change();
          }}
        />
        <Checkbox
          label={t("erp.partial")}
          checked={partial}
          onChange={(event) => {
            setPartial(event.currentTarget.checked);
            change();
          }}
        />
        {preview.error === null ? null : <Failure error={preview.error} what={t("erp.notRead")} />}
        {save.error === null ? null : <Failure error={save.error} what={t("erp.notImported")} />}
        {shown === undefined ? null : <Difference preview={shown} />}
        {shown?.asks === true ? (
          <Checkbox label={t("erp.allow")} checked={allow} onChange={(event) => setAllow(event.currentTarget.checked)} />
        ) : null}
        <div className={css.buttons}>
          <Button variant="default" disabled={file === null} loading={preview.isPending} onClick={() => preview.mutate()}>
            {t("erp.preview")}
          </Button>
          <Button disabled={shown === undefined} loading={save.isPending} onClick={() => save.mutate()}>
            {t("erp.import")}
          </Button>
        </div>
      </Stack>
    </Modal>
  );
}

function Difference({ preview }: { preview: ErpPreview }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const values = {
    new: number(preview.new),
    changed: number(preview.changed),
    same: number(preview.same),
    vanished: number(preview.vanished),
  };
  return (
    <section>
      <Notice tone={preview.asks ? "warn" : "info"} title={t("erp.difference")} live>
        {t("erp.would", values)} {preview.asks ? t("erp.many") : ""}
      </Notice>
      <div className={css.difference} tabIndex={0} role="region" aria-label={t("erp.difference")}>
        <Numbers title={t("erp.newOnes")} numbers={preview.first_new} />
        {preview.first_changed.length === 0 ? null : (
          <>
            <h3>{t("erp.changedOnes")}</h3>
            <ul>
              {preview.first_changed.map((one) => (
                <li key={one.number}>
                  <strong>{one.number}</strong>
                  {one.fields.length === 0 ? ` ${t("erp.again")}` : null}
                  <ul>
                    {one.fields.map((field) => (
                      <li key={field.field}>
                        {field.field}: <del>{field.before}</del> → <ins>{field.after}</ins>
                      </li>
                    ))}
                  </ul>
                </li>
              ))}
            </ul>
          </>
        )}
        <Numbers title={t("erp.vanishedOnes")} numbers={preview.first_vanished} />
        <Notes notes={preview.notes} />
      </div>
    </section>
  );
}

function Numbers({ title, numbers }: { title: string; numbers: readonly string[] }) {
  return numbers.length === 0 ? null : (
    <>
      <h3>{title}</h3>
      <p>{numbers.join(", ")}</p>
    </>
  );
}
