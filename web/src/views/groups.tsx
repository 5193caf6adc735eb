import { Button } from "@mantine/core";
import { IconUsersGroup } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import { useMayAdminister } from "../api/session";
import type { Group } from "../api/types";
import { GroupDialog } from "../groups/GroupDialog";
import { GroupLink } from "../groups/GroupPill";
import { groupsQuery } from "../groups/queries";
import { useFormats } from "../lang/format";
import { AdminPage } from "../parts/AdminPage";
import { Empty } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { RemoveDialog } from "../parts/RemoveDialog";
import { tell } from "../parts/toast";

/** Who deals with which mail together. */
export function Groups() {
  const { t } = useTranslation();
  const administrator = useMayAdminister();
  const client = useQueryClient();
  const query = useQuery({ ...groupsQuery, enabled: administrator });
  const [edited, setEdited] = useState<Group | "new">();
  const [removed, setRemoved] = useState<Group>();
  const groups = administrator ? query.data : undefined;
  return (
    <AdminPage
      title={t("groups.title")}
      lead={t("groups.lead")}
      add={t("groups.add")}
      onAdd={() => setEdited("new")}
      of={query}
      failed={t("groups.failed")}
    >
      {groups?.length === 0 ? <Empty icon={IconUsersGroup}>{t("groups.none")}</Empty> : null}
      <div className={page.stack}>
        {groups?.map((group) => (
          <GroupCard key={group.id} group={group} onEdit={() => setEdited(group)} onRemove={() => setRemoved(group)} />
        ))}
      </div>
      {edited === undefined ? null : (
        <GroupDialog group={edited === "new" ? undefined : edited} onClose={() => setEdited(undefined)} />
      )}
      {removed === undefined ? null : (
        <RemoveDialog
          title={t("groups.removeTitle", { name: removed.name })}
          means={t("groups.removeMeans")}
          label={t("groups.remove")}
          failed={t("groups.notRemoved")}
          remove={() => done(api.DELETE("/api/v1/groups/{group_id}", { params: { path: { group_id: removed.id } } }))}
          onRemoved={() => {
            tell(t("groups.removed", { name: removed.name }));
            return client.invalidateQueries();
          }}
          onClose={() => setRemoved(undefined)}
        />
      )}
    </AdminPage>
  );
}

function GroupCard({ group, onEdit, onRemove }: { group: Group; onEdit: () => void; onRemove: () => void }) {
  const { t } = useTranslation();
  const { list } = useFormats();
  return (
    <article className={page.card} aria-label={group.name}>
      <div className={page.cardHead}>
        <h2>{group.name}</h2>
        <span className={`${page.row} ${page.end}`}>
          <Button size="xs" variant="default" onClick={onEdit} aria-label={t("groups.editNamed", { name: group.name })}>
            {t("common.edit")}
          </Button>
          <Button size="xs" variant="default" onClick={onRemove} aria-label={t("groups.removeNamed", { name: group.name })}>
            {t("common.remove")}
          </Button>
        </span>
      </div>
      {group.description === "" ? null : <p className={page.lead}>{group.description}</p>}
      <dl className={page.facts}>
        <dt>{t("groups.addresses")}</dt>
        <dd>{group.addresses.length === 0 ? t("groups.noAddresses") : list(group.addresses)}</dd>
        <dt>{t("groups.members")}</dt>
        <dd>{group.members.length === 0 ? t("groups.noMembers") : list(group.members.map(({ name }) => name))}</dd>
        <dt>{t("groups.mails")}</dt>
        <dd>
          <GroupLink name={group.name} />
        </dd>
      </dl>
    </article>
  );
}
