import { useTranslation } from "react-i18next";
import type { Suppression } from "../api/types";
import { useFormats } from "../lang/format";
import { ruleName } from "./ruleName";
import { useListName } from "./useListName";

/** What an entry of the suppression list means, in one line. */
export function SuppressionFacts({ entry }: { entry: Suppression }) {
  const { t } = useTranslation();
  const { shortDate } = useFormats();
  const listName = useListName();
  const parts = [
    entry.class === null ? t("feedback.anyClass") : t(`feedback.classes.${entry.class}`),
    ...(entry.list === null ? [] : [t("feedback.forList", { name: listName(entry.list) })]),
    entry.by_rule ? t("suppression.byRule", { rule: ruleName(t, entry.reason) }) : t("suppression.byHand"),
    ...(entry.by_rule || entry.reason === "" ? [] : [entry.reason]),
    t("addresses.since", { date: shortDate(entry.since) }),
    ...(entry.expires === null ? [] : [t("feedback.until", { date: shortDate(entry.expires) })]),
  ];
  return <>{parts.join(" · ")}</>;
}
