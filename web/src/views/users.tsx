import { Button } from "@mantine/core";
import { IconShield, IconUser, IconUserOff, IconUserSearch } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { accountsQuery, usersQuery } from "../api/queries";
import { useMayAdminister, useSession } from "../api/session";
import type { Role, User } from "../api/types";
import { useFormats } from "../lang/format";
import { AdminPage } from "../parts/AdminPage";
import { dayOf, lastDayOf } from "../parts/days";
import { Pill } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { RemoveUser } from "../users/RemoveUser";
import { UserDialog } from "../users/UserDialog";
import { tellFailure } from "../parts/toast";

const ICONS: Record<Role, typeof IconUser> = {
  administrator: IconShield,
  agent: IconUser,
  auditor: IconUserSearch,
};

/** Who may log in, with which role, and whose mail each may read. */
export function Users() {
  const { t } = useTranslation();
  const administrator = useMayAdminister();
  const query = useQuery({ ...usersQuery, enabled: administrator });
  const { data } = query;
  const [edited, setEdited] = useState<User | "new">();
  const [removed, setRemoved] = useState<User>();
  return (
    <AdminPage
      title={t("users.title")}
      lead={t("users.lead")}
      add={t("users.add")}
      onAdd={() => setEdited("new")}
      of={query}
      failed={t("users.failed")}
    >
      <div className={page.stack}>
        {data?.map((user) => (
          <UserCard key={user.id} user={user} onEdit={() => setEdited(user)} onRemove={() => setRemoved(user)} />
        ))}
      </div>
      {edited === undefined ? null : (
        <UserDialog user={edited === "new" ? undefined : edited} onClose={() => setEdited(undefined)} />
      )}
      {removed === undefined ? null : <RemoveUser user={removed} onClose={() => setRemoved(undefined)} />}
    </AdminPage>
  );
}

function UserCard({ user, onEdit, onRemove }: { user: User; onEdit: () => void; onRemove: () => void }) {
  const { t } = useTranslation();
  const { list } = useFormats();
  const client = useQueryClient();
  const me = useSession().user.id === user.id;
  const accounts = useQuery(accountsQuery).data;
  const { mails_from, mails_until, expires } = user.limits;
  const names = user.accounts.map((id) => accounts?.find((account) => account.id === id)?.name ?? "…");
  const change = useMutation({
    mutationFn: (active: boolean) =>
      take(api.PATCH("/api/v1/users/{user_id}", { params: { path: { user_id: user.id } }, body: { active } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["users"] }),
    onError: (error) => tellFailure(t("users.notSaved"), error.message),
  });
  return (
    <article className={page.card} aria-label={user.name}>
      <div className={page.cardHead}>
        <h2>{user.name}</h2>
        <Pill tone="neutral" icon={ICONS[user.role]}>
          {t(`roles.${user.role}`)}
        </Pill>
        {user.active ? null : (
          <Pill tone="warn" icon={IconUserOff}>
            {t("users.inactive")}
          </Pill>
        )}
        <span className={`${page.row} ${page.end}`}>
          <Button size="xs" variant="default" onClick={onEdit} aria-label={t("users.editNamed", { name: user.name })}>
            {t("users.edit")}
          </Button>
          {me ? null : (
            <>
              <Button size="xs" variant="default" loading={change.isPending} onClick={() => change.mutate(!user.active)}>
                {user.active ? t("users.deactivate") : t("users.activate")}
              </Button>
              <Button size="xs" variant="default" onClick={onRemove}>
                {t("users.remove")}
              </Button>
            </>
          )}
        </span>
      </div>
      <dl className={page.facts}>
        <dt>{t("form.email")}</dt>
        <dd>{user.email}</dd>
        <dt>{t("users.reads")}</dt>
        <dd>{names.length === 0 ? t("users.readsNone") : list(names)}</dd>
        {mails_from === null && mails_until === null ? null : (
          <>
            <dt>{t("users.period")}</dt>
            <dd>
              {dayOf(mails_from) || "…"} – {lastDayOf(mails_until) || "…"}
            </dd>
          </>
        )}
        {expires === null ? null : (
          <>
            <dt>{t("users.ends")}</dt>
            <dd>{lastDayOf(expires)}</dd>
          </>
        )}
      </dl>
    </article>
  );
}
