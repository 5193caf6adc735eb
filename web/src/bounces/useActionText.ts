import { useTranslation } from "react-i18next";
import type { RuleAction } from "../api/types";

/** What a rule does, in words. */
export function useActionText(): (action: RuleAction) => string {
  const { t } = useTranslation();
  return (action) => {
    switch (action.do) {
      case "stop_mailing":
        return action.class == null
          ? t("bounceRules.does.stop_mailing")
          : t(action.class === "bulk" ? "bounceRules.does.stop_bulk" : "bounceRules.does.stop_transactional");
      case "leave_lists":
        return t(action.all ? "bounceRules.does.leave_lists" : "bounceRules.does.leave_list");
      case "tag":
        return t("bounceRules.does.tag", { tag: action.tag });
      case "move":
        return t("bounceRules.does.move", { mailbox: action.mailbox });
      case "webhook":
        return t("bounceRules.does.webhook", { url: action.url });
      default:
        return t(`bounceRules.does.${action.do}`);
    }
  };
}
