import { Drawer } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Navigation } from "./Navigation";
import css from "./Shell.module.css";

/** The navigation where it has no place of its own. */
export function MenuDrawer({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Drawer
      opened
      onClose={onClose}
      size={300}
      padding="xs"
      title={t("shell.menu")}
      closeButtonProps={{ "aria-label": t("shell.closeMenu"), size: "lg" }}
      classNames={{ body: css.drawer }}
    >
      <Navigation onGo={onClose} />
    </Drawer>
  );
}
