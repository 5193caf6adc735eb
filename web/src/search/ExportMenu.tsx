import { ActionIcon, Menu } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import css from "./Search.module.css";

const FORMATS = ["zip", "mbox", "xlsx", "csv", "xml", "sql"] as const;

/** Hands out all mails of a query as one file. */
export function ExportMenu({ q }: { q: string }) {
  const { t } = useTranslation();
  return (
    <Menu position="bottom-end" withinPortal shadow="md" withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" className={css.touch} aria-label={t("search.export")} title={t("search.export")}>
          <IconDownload size={18} stroke={1.7} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {FORMATS.map((format) => (
          <Menu.Item
            key={format}
            component="a"
            href={`/api/v1/export?${new URLSearchParams({ q, format }).toString()}`}
            download
          >
            {t(`search.exportAs.${format}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
