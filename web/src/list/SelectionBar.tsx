import { ActionIcon, Button, Menu } from "@mantine/core";
import {
  IconArchive,
  IconArrowBackUp,
  IconDots,
  IconMailCheck,
  IconMailExclamation,
  IconMailUp,
  IconTrash,
  IconX,
} from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../api/session";
import { PutBack } from "../putBack/PutBack";
import { ChooseClass } from "../retention/ChooseClass";
import css from "./MessageList.module.css";

interface SelectionBarProps {
  mails: string[];
  /** The list shows deleted mails. */
  deleted: boolean;
  onAct: () => void;
  onSpam: (spam: boolean) => void;
  onClear: () => void;
}

/** What can be done with the mails that are selected. */
export function SelectionBar({ mails, deleted, onAct, onSpam, onClear }: SelectionBarProps) {
  const { t } = useTranslation();
  const mayChange = useSession().user.role !== "auditor";
  const [asking, setAsking] = useState<"class" | "putBack">();
  const close = () => setAsking(undefined);
  const Sign = deleted ? IconArrowBackUp : IconTrash;
  return (
    <div className={css.selection} role="group" aria-label={t("deletion.selection")}>
      <b aria-live="polite">{t("deletion.selected", { count: mails.length })}</b>
      <Button size="compact-md" variant="default" leftSection={<Sign size={16} aria-hidden />} onClick={onAct}>
        {t(deleted ? "deletion.restore" : "deletion.delete")}
      </Button>
      {mayChange ? (
        <Menu position="bottom-end" withinPortal shadow="md" withInitialFocusPlaceholder={false}>
          <Menu.Target>
            <ActionIcon size={30} variant="default" aria-label={t("deletion.more")} title={t("deletion.more")}>
              <IconDots size={18} aria-hidden />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {deleted ? null : (
              <>
                <Menu.Item leftSection={<IconMailExclamation size={16} aria-hidden />} onClick={() => onSpam(true)}>
                  {t("spam.is")}
                </Menu.Item>
                <Menu.Item leftSection={<IconMailCheck size={16} aria-hidden />} onClick={() => onSpam(false)}>
                  {t("spam.isNone")}
                </Menu.Item>
              </>
            )}
            <Menu.Item leftSection={<IconArchive size={16} aria-hidden />} onClick={() => setAsking("class")}>
              {t("retention.title")}
            </Menu.Item>
            <Menu.Item leftSection={<IconMailUp size={16} aria-hidden />} onClick={() => setAsking("putBack")}>
              {t("putBack.button")}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      ) : null}
      <ActionIcon
        size={30}
        variant="default"
        aria-label={t("deletion.unselect")}
        title={t("deletion.unselect")}
        onClick={onClear}
      >
        <IconX size={18} aria-hidden />
      </ActionIcon>
      {asking === "class" ? <ChooseClass mails={mails} onClose={close} /> : null}
      {asking === "putBack" ? <PutBack of={{ mails }} count={mails.length} onClose={close} /> : null}
    </div>
  );
}
