import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { listsQuery } from "../api/queries";

/** The name of a mailing list by its key. */
export function useListName(): (id: string) => string {
  const { t } = useTranslation();
  const { data } = useQuery(listsQuery);
  return (id) => (data === undefined ? "…" : (data.find((list) => list.id === id)?.name ?? t("feedback.goneList")));
}
