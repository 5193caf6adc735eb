import { useTranslation } from "react-i18next";
import { wordOr } from "../reader/words";
import type { AttachmentHold } from "./queries";

/** Why an attachment is held, in a sentence. */
export function useHoldText(): (hold: AttachmentHold) => string {
  const { t } = useTranslation();
  return (hold) => {
    const first = hold.findings[0];
    switch (hold.reason) {
      case "malware":
        return t("attachments.malware", { signature: hold.signature ?? "" });
      case "unscanned":
        return t("attachments.unscanned", { said: hold.signature ?? "" });
      case "policy":
        if (first !== undefined) {
          const what = wordOr(t, `attachments.why.${first.class}`, first.class);
          return first.at === "" ? what : t("attachments.inside", { what, at: first.at });
        }
        return t("attachments.waits");
      case "waiting":
        return t("attachments.waits");
    }
  };
}
