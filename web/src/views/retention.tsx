import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useMayAdminister } from "../api/session";
import { AdminPage } from "../parts/AdminPage";
import { Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { ClassesCard } from "../retention/ClassesCard";
import { DueCard } from "../retention/DueCard";
import { HoldsCard } from "../retention/HoldsCard";
import { OpenYearsCard } from "../retention/OpenYearsCard";
import { retentionQuery } from "../retention/queries";
import { RulesCard } from "../retention/RulesCard";

/** How long mails are kept, and what holds them. */
export function Retention() {
  const { t } = useTranslation();
  const administrator = useMayAdminister();
  const query = useQuery({ ...retentionQuery, enabled: administrator });
  return (
    <AdminPage title={t("retention.title")} lead={t("retention.lead")} of={query} failed={t("retention.failed")}>
      {query.data === undefined ? null : (
        <div className={page.stack}>
          <Notice tone="info">{t("retention.noAdvice")}</Notice>
          <DueCard state={query.data} />
          <ClassesCard state={query.data} />
          <RulesCard state={query.data} />
          <OpenYearsCard state={query.data} />
          <HoldsCard />
        </div>
      )}
    </AdminPage>
  );
}
