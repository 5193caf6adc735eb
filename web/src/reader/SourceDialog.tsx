import { Button, Loader, Modal, Tabs } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { calmText } from "../api/calm";
import { Problem } from "../api/problem";
import { fullMessageQuery } from "../api/queries";
import { useFormats } from "../lang/format";
import { Failure } from "../parts/Failure";
import { Notice } from "../parts/Notice";
import { useIsNarrow } from "../parts/Panes";
import css from "./Reader.module.css";

/** More than this is not shown: it is a mail with attachments, and the download has all of it. */
const SHOWN_MAX = 200_000;

/** Header fields and the octets of a mail as they came. */
export function SourceDialog({ mailId, onClose }: { mailId: string; onClose: () => void }) {
  const { t } = useTranslation();
  const narrow = useIsNarrow();
  const [tab, setTab] = useState<string | null>("fields");
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("source.title")}
      size="xl"
      fullScreen={narrow}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <Tabs value={tab} onChange={setTab}>
        <Tabs.List mb="md">
          <Tabs.Tab value="fields">{t("source.fields")}</Tabs.Tab>
          <Tabs.Tab value="octets">{t("source.octets")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="fields">
          <Fields mailId={mailId} />
        </Tabs.Panel>
        <Tabs.Panel value="octets">{tab === "octets" ? <Octets mailId={mailId} /> : null}</Tabs.Panel>
      </Tabs>
      <Button
        component="a"
        href={`/api/v1/messages/${mailId}/raw`}
        download
        variant="default"
        mt="md"
        leftSection={<IconDownload size={16} aria-hidden />}
      >
        {t("reader.download")}
      </Button>
    </Modal>
  );
}

function Fields({ mailId }: { mailId: string }) {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery(fullMessageQuery(mailId));
  if (error !== null) {
    return <Failure error={error} what={t("reader.failed")} retry={() => void refetch()} />;
  }
  if (data === undefined) {
    return <Loader size="sm" />;
  }
  if (data.headers.length === 0) {
    return <Notice tone="info">{t("source.noFields")}</Notice>;
  }
  return (
    <table className={css.fields}>
      <tbody>
        {data.headers.map(({ name, body }, at) => (
          <tr key={at}>
            <th scope="row">{name}</th>
            <td>{body}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Octets({ mailId }: { mailId: string }) {
  const { t } = useTranslation();
  const { octets } = useFormats();
  const { data, error, refetch } = useQuery({
    queryKey: ["message", mailId, "raw"],
    queryFn: ({ signal }) => fetchBeginning(mailId, signal),
    staleTime: Infinity,
    gcTime: 0,
  });
  if (error !== null) {
    return <Failure error={error} what={t("reader.failed")} retry={() => void refetch()} />;
  }
  if (data === undefined) {
    return <Loader size="sm" />;
  }
  return (
    <>
      <pre className={css.source} tabIndex={0} aria-label={t("source.octets")}>
        {data.text}
      </pre>
      {data.cut ? <Notice tone="info">{t("source.cut", { size: octets(SHOWN_MAX) })}</Notice> : null}
    </>
  );
}

/** Reads the beginning only; a mail of 150 MB must not fill the page's memory. */
async function fetchBeginning(mailId: string, signal: AbortSignal): Promise<{ text: string; cut: boolean }> {
  const response = await fetch(`/api/v1/messages/${mailId}/raw`, { signal });
  if (!response.ok || response.body === null) {
    throw new Problem(response.status, undefined);
  }
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return { text: calmText(text + decoder.decode()), cut: false };
    }
    text += decoder.decode(value, { stream: true });
    if (text.length > SHOWN_MAX) {
      await reader.cancel();
      return { text: calmText(text.slice(0, SHOWN_MAX)), cut: true };
    }
  }
}
