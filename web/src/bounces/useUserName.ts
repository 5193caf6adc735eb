import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { usersQuery } from "../api/queries";
import { useSession } from "../api/session";

/** Who decided something, in words. Only administrators know all the names. */
export function useUserName(): (id: string) => string {
  const { t } = useTranslation();
  const { user } = useSession();
  const { data } = useQuery({ ...usersQuery, enabled: user.role === "administrator" });
  return (id) => {
    if (id === user.id) {
      return t("feedback.byYou");
    }
    const name = data?.find((one) => one.id === id)?.name;
    return name === undefined ? t("feedback.byPerson") : t("feedback.byUser", { name });
  };
}
