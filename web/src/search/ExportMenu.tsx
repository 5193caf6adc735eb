import { ActionIcon, Menu } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import type { components } from "../api/schema";
import css from "./Search.module.css";
import { useExport } from "./useExport";

type Format = components["schemas"]["ExportFormat"];

const FORMATS = ["zip", "mbox", "xlsx", "csv", "xml", "sql"] as const satisfies readonly Format[];

const address = (q: string, format: Format) => `/api/v1/export?${new URLSearchParams({ q, format }).toString()}`;

/** Hands out all mails of a query as one file; many need a second person. */
export function ExportMenu({ q }: { q: string }) {
  const { t } = useTranslation();
  const { start, pending, dialog } = useExport();
  return (
    <>
      <Menu position="bottom-end" withinPortal shadow="md" withInitialFocusPlaceholder={false}>
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            className={css.touch}
            aria-label={t("search.export")}
            title={t("search.export")}
            loading={pending}
          >
            <IconDownload size={18} stroke={1.7} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {FORMATS.map((format) => (
            <Menu.Item
              key={format}
              component="a"
              href={address(q, format)}
              download
              onClick={(event) => {
                event.preventDefault();
                start({
                  address: address(q, format),
                  q,
                  format,
                  check: () => take(api.GET("/api/v1/export/check", { params: { query: { q, format } } })),
                });
              }}
            >
              {t(`search.exportAs.${format}`)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {dialog}
    </>
  );
}
