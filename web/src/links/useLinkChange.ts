import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, done, take } from "../api/client";
import { isProblem } from "../api/problem";
import type { LinksChange } from "../api/types";
import { tellFailure } from "../parts/toast";
import { tellUndo } from "../parts/undo";
import { linksChanged } from "./queries";

/** Sets and removes links; each change can be taken back for a while. */
export function useLinkChange() {
  const { t } = useTranslation();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: Partial<LinksChange>) => take(api.POST("/api/v1/links/bulk", { body: change })),
    onSuccess: async ({ undo, messages }, change) => {
      await linksChanged(client);
      const back = async () => {
        try {
          await done(api.POST("/api/v1/links/undo/{undo_id}", { params: { path: { undo_id: undo } } }));
        } catch (error) {
          tellFailure(t("links.notUndone"), isProblem(error) ? error.detail : undefined);
        }
        await linksChanged(client);
      };
      tellUndo(sentence(change, messages), back);
    },
    onError: (error) => tellFailure(t("links.notChanged"), isProblem(error) ? error.detail : undefined),
  });

  function sentence(change: Partial<LinksChange>, count: number): string {
    const number = change.set?.[0]?.number;
    if (number !== undefined) {
      return t("links.didSet", { count, number });
    }
    return change.none === true ? t("links.didNone", { count }) : t("links.didRemove", { count });
  }
}
