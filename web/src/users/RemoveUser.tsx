import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import type { User } from "../api/types";
import { RemoveDialog } from "../parts/RemoveDialog";
import { tell } from "../parts/toast";

/** Asks, because it cannot be undone. */
export function RemoveUser({ user, onClose }: { user: User; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  return (
    <RemoveDialog
      title={t("users.removeTitle", { name: user.name })}
      means={t("users.removeMeans")}
      label={t("users.remove")}
      failed={t("users.notRemoved")}
      remove={() => done(api.DELETE("/api/v1/users/{user_id}", { params: { path: { user_id: user.id } } }))}
      onRemoved={() => {
        tell(t("users.removed", { name: user.name }));
        return client.invalidateQueries({ queryKey: ["users"] });
      }}
      onClose={onClose}
    />
  );
}
