import { useTranslation } from "react-i18next";
import type { LinkStep } from "../api/types";
import { wordOr } from "../reader/words";
import css from "./links.module.css";

/** What the rules did, a sentence per step. */
export function TraceSteps({ steps }: { steps: LinkStep[] }) {
  const { t } = useTranslation();
  return (
    <ol className={css.steps}>
      {steps.map((step, at) => (
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
  );
}
