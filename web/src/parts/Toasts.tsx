import "@mantine/notifications/styles.css";
import { Notifications } from "@mantine/notifications";
import { useTranslation } from "react-i18next";

const SHOWN_MS = 8_000;

/** Shows what was told in passing. */
export function Toasts() {
  const { t } = useTranslation();
  return <Notifications position="bottom-left" autoClose={SHOWN_MS} role="group" aria-label={t("common.messages")} />;
}
