import { Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Loading } from "../parts/Loading";
import { wordOr } from "../reader/words";
import { linkTraceQuery } from "./queries";
import { TraceSteps } from "./TraceSteps";

/** Why a mail is linked as it is, a sentence per step. */
export function Trace({ mailId, onClose }: { mailId: string; onClose: () => void }) {
  const { t } = useTranslation();
  const query = useQuery(linkTraceQuery(mailId));
  const { data } = query;
  return (
    <Modal opened onClose={onClose} title={t("links.whyTitle")} closeButtonProps={{ "aria-label": t("common.close") }}>
      <Loading of={query} what={t("links.whyFailed")} height={160} />
      {data === undefined ? null : (
        <>
          <p>
            {data.outcome === null ? t("links.notDecided") : wordOr(t, `links.outcomes.${data.outcome}`, data.outcome)}
            {data.person ? ` ${t("links.personSince")}` : null}
          </p>
          <TraceSteps steps={data.steps} />
        </>
      )}
    </Modal>
  );
}
