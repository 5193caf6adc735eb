import { Button } from "@mantine/core";
import { IconPlugConnected } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { useFormats } from "../lang/format";
import { Failure } from "../parts/Failure";
import { Notice } from "../parts/Notice";

/** Sends a test mail to a spam filter that need not be set, and shows its answer. */
export function FilterTest({ address }: { address: string }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const test = useMutation({
    mutationFn: () => take(api.POST("/api/v1/attachments/spam_filter/test", { body: { spam_filter: address.trim() } })),
  });
  const { data, error } = test;
  const mark = data?.mark ?? null;
  const points =
    mark?.score == null || mark.required == null
      ? ""
      : t("origin.points", { score: number(mark.score), required: number(mark.required) });
  return (
    <>
      <div>
        <Button
          variant="light"
          leftSection={<IconPlugConnected size={17} aria-hidden />}
          loading={test.isPending}
          disabled={address.trim() === ""}
          onClick={() => test.mutate()}
        >
          {t("attachments.filterTest")}
        </Button>
      </div>
      <div aria-live="polite">
        {data === undefined ? null : mark === null ? (
          <Notice tone="danger">{t("attachments.testBad", { error: data.error ?? "" })}</Notice>
        ) : mark.is_spam ? (
          <Notice tone="ok">{t("attachments.filterGood", { name: mark.by, points })}</Notice>
        ) : (
          <Notice tone="warn">{t("attachments.filterBlind", { name: mark.by, points })}</Notice>
        )}
      </div>
      {error === null ? null : <Failure error={error} what={t("attachments.filterTestFailed")} />}
    </>
  );
}
