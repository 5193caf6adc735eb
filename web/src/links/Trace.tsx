import { Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Loading } from "../parts/Loading";
import { wordOr } from "../reader/words";
import css from "./links.module.css";
import { linkTraceQuery } from "./queries";

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
          <ol className={css.steps}>
            {data.steps.map((step, at) => (
              <li key={at}>
                <b>{wordOr(t, `links.steps.${step.step}`, step.step)}</b>:{" "}
                {wordOr(t, `links.stepOutcomes.${step.outcome}`, step.outcome)}
                {step.found.length === 0 ? null : ` ${t("links.found", { numbers: step.found.join(", ") })}`}
                {step.looked_at === "" ? null : (
                  <small>
                    {step.step === "S1"
                      ? t("links.earlier", { count: Number(step.looked_at) || 0 })
                      : t("links.lookedAt", { what: step.looked_at })}
                  </small>
                )}
              </li>
            ))}
          </ol>
        </>
      )}
    </Modal>
  );
}
