import { Button } from "@mantine/core";
import { IconPlus, IconUsersGroup } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { listsQuery } from "../api/queries";
import { useSession } from "../api/session";
import css from "../bounces/bounces.module.css";
import { ListDialog } from "../bounces/ListDialog";
import { useFormats } from "../lang/format";
import { Loading } from "../parts/Loading";
import { Empty } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { PlainLink } from "../parts/PlainLink";

/** Mailing lists by name. */
export function Lists() {
  const { t } = useTranslation();
  const { list } = useFormats();
  const query = useQuery(listsQuery);
  const { data } = query;
  const mayChange = useSession().user.role !== "auditor";
  const [adding, setAdding] = useState(false);
  const add = mayChange ? (
    <Button leftSection={<IconPlus size={17} aria-hidden />} onClick={() => setAdding(true)}>
      {t("lists.add")}
    </Button>
  ) : null;
  return (
    <div className={page.page}>
      <div className={page.inner}>
        <PageHead title={t("lists.title")} lead={t("lists.lead")}>
          {data?.length === 0 ? null : add}
        </PageHead>
        <Loading of={query} what={t("lists.failed")} height={110} />
        {data?.length === 0 ? (
          <Empty icon={IconUsersGroup} action={add}>
            {t("lists.none")}
          </Empty>
        ) : null}
        {data === undefined || data.length === 0 ? null : (
          <ul className={css.rows} aria-label={t("lists.title")}>
            {data.map((one) => (
              <li key={one.id}>
                <PlainLink to={`/bounces/lists/${one.id}`} className={css.row}>
                  <span className={css.address}>{one.name}</span>
                  <span className={css.why}>{one.address}</span>
                  <span className={css.numbers}>
                    {list([
                      t("lists.active", { count: one.active }),
                      ...(one.off > 0 ? [t("lists.off", { count: one.off })] : []),
                    ])}
                  </span>
                </PlainLink>
              </li>
            ))}
          </ul>
        )}
        {adding ? <ListDialog list={undefined} onClose={() => setAdding(false)} /> : null}
      </div>
    </div>
  );
}
