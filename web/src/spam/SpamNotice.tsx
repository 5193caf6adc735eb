import { Button } from "@mantine/core";
import { IconMailExclamation } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { MessageDetail } from "../api/types";
import { Notice } from "../parts/Notice";
import { isSuspected, useSpam } from "./useSpam";

/** Who says that the mail is spam, and the way to say that it is none; nothing where it is not suspected. */
export function SpamNotice({ message, mayChange }: { message: MessageDetail; mayChange: boolean }) {
  const { t } = useTranslation();
  const say = useSpam();
  const { spam } = message;
  if (spam === null || !isSuspected(message)) {
    return null;
  }
  const by = spam.said === true ? t("spam.byPerson") : t("spam.byFilter", { name: spam.marked ?? "" });
  return (
    <Notice
      tone="warn"
      icon={IconMailExclamation}
      title={t("spam.suspected")}
      actions={
        mayChange ? (
          <Button
            size="xs"
            variant="default"
            loading={say.isPending}
            onClick={() => say.mutate({ mails: [message.mail_id], spam: false })}
          >
            {t("spam.isNone")}
          </Button>
        ) : null
      }
    >
      {spam.said !== true && spam.marked === "" ? t("spam.byUnknown") : by}
    </Notice>
  );
}
