import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import type { ComponentProps, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../api/session";
import { Loading } from "./Loading";
import { Notice } from "./Notice";
import page from "./Page.module.css";
import { PageHead } from "./PageHead";

interface AdminPageProps {
  title: string;
  lead: string;
  /** Name of the button that adds something. */
  add?: string;
  onAdd?: () => void;
  /** What is to be loaded, and what is said if it cannot be. */
  of: ComponentProps<typeof Loading>["of"];
  failed: string;
  /** Auditors see it too. */
  auditors?: boolean;
  children: ReactNode;
}

/** A page of the settings that is for administrators; others are told so. */
export function AdminPage({ title, lead, add, onAdd, of, failed, auditors = false, children }: AdminPageProps) {
  const { t } = useTranslation();
  const { user } = useSession();
  const administrator = user.role === "administrator";
  return (
    <div className={page.inner}>
      <PageHead title={title} lead={lead}>
        {administrator && add !== undefined ? (
          <Button leftSection={<IconPlus size={17} aria-hidden />} onClick={onAdd}>
            {add}
          </Button>
        ) : null}
      </PageHead>
      {administrator || (auditors && user.role === "auditor") ? (
        <Loading of={of} what={failed} height={110} />
      ) : (
        <Notice tone="info">{t("settings.administratorsOnly")}</Notice>
      )}
      {children}
    </div>
  );
}
