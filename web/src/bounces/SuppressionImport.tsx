import { Button, Group, Modal, Stack } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import { useFormats } from "../lang/format";
import { Delayed } from "../parts/Delayed";
import { Failure } from "../parts/Failure";
import { Notice } from "../parts/Notice";
import { tell } from "../parts/toast";
import { ITEMS_MAX } from "./SuppressDialog";
import { piecesOf, readSuppressions } from "./suppressionFile";

/** Says what stands in a file before it counts. */
export function SuppressionImport({ file, onClose }: { file: File; onClose: () => void }) {
  const { t } = useTranslation();
  const { list } = useFormats();
  const client = useQueryClient();
  const read = useQuery({
    queryKey: ["suppressionFile", file.name, file.lastModified, file.size],
    queryFn: async () => readSuppressions(await file.text()),
    gcTime: 0,
  });
  const bring = useMutation({
    mutationFn: async () => {
      const items = read.data?.items ?? [];
      for (const piece of piecesOf(items, ITEMS_MAX)) {
        await done(api.POST("/api/v1/suppression", { body: { items: piece } }));
      }
      return items.length;
    },
    onSuccess: (count) => {
      onClose();
      tell(t("suppression.added", { count }));
    },
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: ["suppression"] });
      await client.invalidateQueries({ queryKey: ["addresses"] });
    },
  });
  const count = read.data?.items.length ?? 0;
  const unusable = read.data?.unusable ?? [];
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("suppression.importTitle")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <Stack>
        {read.isPending ? <Delayed>{file.name}</Delayed> : null}
        {read.error === null ? null : <Failure error={read.error} what={t("lists.notImported")} />}
        {read.data === undefined ? null : count === 0 ? (
          <Notice tone="warn">{t("suppression.importNothing", { columns: list(["address"]) })}</Notice>
        ) : (
          <div>{t("suppression.importFound", { count, file: file.name })}</div>
        )}
        {unusable.length === 0 ? null : (
          <Notice tone="warn">{t("suppression.importSkipped", { rows: unusable.slice(0, 100).join(", ") })}</Notice>
        )}
        {bring.error === null ? null : <Failure error={bring.error} what={t("suppression.notAdded")} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t("form.cancel")}
          </Button>
          <Button disabled={count === 0} loading={bring.isPending} onClick={() => bring.mutate()}>
            {t("suppression.importNow")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
