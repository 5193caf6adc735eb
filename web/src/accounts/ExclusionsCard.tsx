import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { useMayAdminister } from "../api/session";
import type { Account, Exclusion } from "../api/types";
import css from "../imports/imports.module.css";
import { useFormats } from "../lang/format";
import { Loading } from "../parts/Loading";
import page from "../parts/Page.module.css";
import { ExclusionDialog } from "./ExclusionDialog";

/** What of an account is not archived, and how much that is: nothing is left out without a name. */
export function ExclusionsCard({ account }: { account: Account }) {
  const { t } = useTranslation();
  const administrator = useMayAdminister();
  const [edited, setEdited] = useState<Exclusion | "new" | undefined>(undefined);
  const asked = useQuery({
    queryKey: ["accounts", account.id, "exclusions"],
    queryFn: ({ signal }) =>
      take(api.GET("/api/v1/accounts/{account_id}/exclusions", { params: { path: { account_id: account.id } }, signal })),
  });
  const { data } = asked;
  if (data === undefined) {
    return <Loading of={asked} what={t("accounts.exclusions.failed")} height={120} />;
  }
  return (
    <section className={page.card} aria-label={t("accounts.exclusions.title")}>
      <div className={page.cardHead}>
        <h2>{t("accounts.exclusions.title")}</h2>
        {administrator ? (
          <span className={page.end}>
            <Button
              size="xs"
              variant="default"
              leftSection={<IconPlus size={15} aria-hidden />}
              onClick={() => setEdited("new")}
            >
              {t("accounts.exclusions.add")}
            </Button>
          </span>
        ) : null}
      </div>
      <p className={page.lead}>{t("accounts.exclusions.lead")}</p>
      {data.items.length === 0 ? <p>{t("accounts.exclusions.none")}</p> : null}
      <ul className={css.failures}>
        {data.items.map((exclusion) => (
          <Line
            key={exclusion.name}
            exclusion={exclusion}
            onEdit={administrator ? () => setEdited(exclusion) : undefined}
          />
        ))}
      </ul>
      {edited === undefined ? null : (
        <ExclusionDialog
          account={account}
          all={data.items}
          exclusion={edited === "new" ? undefined : edited}
          onClose={() => setEdited(undefined)}
        />
      )}
    </section>
  );
}

function Line({ exclusion, onEdit }: { exclusion: Exclusion; onEdit: (() => void) | undefined }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const { name, kind, values, mails } = exclusion;
  return (
    <li>
      <div className={page.row}>
        <strong>{name}</strong>
        <span>{t("accounts.exclusions.mails", { count: mails, shown: number(mails) })}</span>
        {onEdit === undefined ? null : (
          <Button
            size="xs"
            variant="default"
            className={page.end}
            aria-label={t("accounts.exclusions.editNamed", { name })}
            onClick={onEdit}
          >
            {t("accounts.exclusions.edit")}
          </Button>
        )}
      </div>
      <span className={page.dimmed}>
        {[t(`accounts.exclusions.kinds.${kind}`), ...(values.length === 0 ? [] : [values.join(", ")])].join(": ")}
      </span>
    </li>
  );
}
