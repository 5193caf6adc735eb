import { useTranslation } from "react-i18next";
import type { RetentionClass } from "../api/types";
import { useFormats } from "../lang/format";

const PRESETS = ["letters", "vouchers", "books", "applications", "unlimited"] as const;
export const STARTS = ["received", "year_received", "document", "year_of_document"] as const;

/** Why a mail may not be erased, as the server words it, for people. */
export function useKeptText() {
  const { t } = useTranslation();
  const { day } = useFormats();
  return (kept: string) => {
    const [what, ...rest] = kept.split(":");
    if (what === "hold") {
      return t("erasure.keptHold", { name: rest.join(":") });
    }
    if (what === "class") {
      const preset = PRESETS.find((word) => word === rest[0]);
      const name = preset === undefined ? (rest[0] ?? "") : t(`retention.preset.${preset}`);
      const until = rest[1];
      return until === undefined
        ? t("erasure.keptClass", { name })
        : t("erasure.keptUntilDay", { name, until: day(until) });
    }
    return t(what === "unchecked" ? "erasure.keptUnchecked" : "erasure.keptOpen");
  };
}

/** Names, lengths and days of classes as people read them. */
export function useRetentionWords() {
  const { t } = useTranslation();
  const { day } = useFormats();
  const name = (of: RetentionClass | undefined) => {
    const preset = PRESETS.find((word) => word === of?.preset);
    return of === undefined ? "–" : of.name === "" && preset !== undefined ? t(`retention.preset.${preset}`) : of.name;
  };
  const months = (count: number | null) => {
    if (count === null) {
      return t("retention.unlimited");
    }
    return count % 12 === 0 ? t("retention.years", { count: count / 12 }) : t("retention.months", { count });
  };
  const until = ({ until: last, suspended }: { until: string | null; suspended: boolean }) => {
    if (last !== null) {
      return t("retention.untilDay", { day: day(last) });
    }
    return suspended ? t("retention.suspended") : t("retention.unlimited");
  };
  return { name, months, until };
}
