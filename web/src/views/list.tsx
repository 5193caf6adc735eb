import { Button, FileButton } from "@mantine/core";
import { IconArrowLeft, IconDownload, IconPlus, IconUpload, IconUserMinus, IconUsersGroup } from "@tabler/icons-react";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done, take } from "../api/client";
import { listQuery, membersQuery } from "../api/queries";
import { useSession } from "../api/session";
import type { ListMember, MailingList } from "../api/types";
import css from "../bounces/bounces.module.css";
import { ListDialog } from "../bounces/ListDialog";
import { MemberDialog } from "../bounces/MemberDialog";
import { addressPath } from "../bounces/states";
import { useFormats } from "../lang/format";
import { Failure } from "../parts/Failure";
import { Loading } from "../parts/Loading";
import { More } from "../parts/More";
import { Empty, Notice, Pill } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { PlainLink } from "../parts/PlainLink";
import { RemoveDialog } from "../parts/RemoveDialog";
import { tell, tellFailure } from "../parts/toast";

/** One mailing list and who is on it. */
export function List() {
  const { t } = useTranslation();
  const { listId = "" } = useParams({ strict: false });
  const query = useQuery(listQuery(listId));
  const { data } = query;
  return (
    <div className={page.page}>
      <div className={page.inner}>
        <PlainLink to="/bounces/lists" className={css.back}>
          <IconArrowLeft size={16} aria-hidden />
          {t("lists.back")}
        </PlainLink>
        {query.isError && data === undefined ? <PageHead title={t("lists.title")} /> : null}
        <Loading of={query} what={t("lists.oneFailed")} height={220} />
        {data === undefined ? null : <Shown key={data.id} list={data} />}
      </div>
    </div>
  );
}

function Shown({ list }: { list: MailingList }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const mayChange = useSession().user.role !== "auditor";
  const [dialog, setDialog] = useState<"edit" | "remove" | "member">();
  const close = () => setDialog(undefined);
  return (
    <>
      <PageHead
        title={list.name}
        lead={[
          ...(list.address === null ? [] : [list.address]),
          t("lists.active", { count: list.active }),
          ...(list.off > 0 ? [t("lists.off", { count: list.off })] : []),
        ].join(" · ")}
      >
        {mayChange ? (
          <>
            <Button variant="default" onClick={() => setDialog("edit")}>
              {t("lists.edit")}
            </Button>
            <Button variant="default" onClick={() => setDialog("remove")}>
              {t("lists.remove")}
            </Button>
          </>
        ) : null}
      </PageHead>
      <Files list={list} mayChange={mayChange} onAdd={() => setDialog("member")} />
      <Members list={list} mayChange={mayChange} />
      {dialog === "edit" ? <ListDialog list={list} onClose={close} /> : null}
      {dialog === "member" ? <MemberDialog list={list.id} onClose={close} /> : null}
      {dialog === "remove" ? (
        <RemoveDialog
          title={t("lists.removeTitle", { name: list.name })}
          means={t("lists.removeMeans")}
          label={t("lists.remove")}
          failed={t("lists.notRemoved")}
          remove={() => done(api.DELETE("/api/v1/lists/{list_id}", { params: { path: { list_id: list.id } } }))}
          onRemoved={async () => {
            tell(t("lists.removed", { name: list.name }));
            await navigate({ to: "/bounces/lists" });
            client.removeQueries({ queryKey: ["lists", list.id] });
            await client.invalidateQueries({ queryKey: ["lists"] });
          }}
          onClose={close}
        />
      ) : null}
    </>
  );
}

/** In and out as files. */
function Files({ list, mayChange, onAdd }: { list: MailingList; mayChange: boolean; onAdd: () => void }) {
  const { t } = useTranslation();
  const { list: joined } = useFormats();
  const client = useQueryClient();
  const bring = useMutation({
    mutationFn: (file: File) =>
      take(
        api.POST("/api/v1/lists/{list_id}/members/import", {
          params: { path: { list_id: list.id } },
          // The file goes as it is.
          body: file as unknown as string,
          bodySerializer: (body) => body,
          headers: { "Content-Type": "text/csv" },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ["lists"] }),
  });
  return (
    <>
      <div className={page.row}>
        {mayChange ? (
          <>
            <Button leftSection={<IconPlus size={17} aria-hidden />} onClick={onAdd}>
              {t("lists.addMember")}
            </Button>
            <FileButton
              accept=".csv,.xlsx,text/csv"
              onChange={(file) => (file === null ? undefined : bring.mutate(file))}
              inputProps={{ "aria-label": t("lists.import") }}
            >
              {(props) => (
                <Button
                  {...props}
                  variant="default"
                  loading={bring.isPending}
                  leftSection={<IconUpload size={16} aria-hidden />}
                >
                  {t("lists.import")}
                </Button>
              )}
            </FileButton>
          </>
        ) : null}
        <Button
          component="a"
          href={`/api/v1/lists/${list.id}/members/export`}
          download
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
        >
          {t("lists.export")}
        </Button>
      </div>
      {mayChange ? (
        <p className={page.dimmed}>{t("lists.importHint", { columns: joined(["email", "name", "active"]) })}</p>
      ) : null}
      {bring.data === undefined ? null : (
        <Notice
          tone={bring.data.unusable.length === 0 ? "ok" : "warn"}
          live
          title={t("lists.imported", { count: bring.data.taken })}
        >
          {bring.data.unusable.length === 0 ? null : t("lists.unusable", { rows: bring.data.unusable.join(", ") })}
        </Notice>
      )}
      {bring.error === null ? null : <Failure error={bring.error} what={t("lists.notImported")} />}
    </>
  );
}

function Members({ list, mayChange }: { list: MailingList; mayChange: boolean }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const members = useInfiniteQuery(membersQuery(list.id));
  const rows = members.data?.pages.flatMap(({ items }) => items) ?? [];
  const [forgotten, setForgotten] = useState<string>();
  return (
    <section>
      <h2 className={css.section}>{t("lists.members")}</h2>
      <Loading of={members} what={t("lists.membersFailed")} height={160} />
      {members.isSuccess && rows.length === 0 ? <Empty icon={IconUsersGroup}>{t("lists.noMembers")}</Empty> : null}
      {rows.length === 0 ? null : (
        <ul className={css.rows} aria-label={t("lists.members")}>
          {rows.map((member) => (
            <Member
              key={member.address}
              list={list.id}
              member={member}
              mayChange={mayChange}
              onForget={() => setForgotten(member.address)}
            />
          ))}
        </ul>
      )}
      <More of={members} label={t("feedback.more")} failed={t("lists.membersFailed")} />
      {forgotten === undefined ? null : (
        <RemoveDialog
          title={t("lists.forgetTitle", { address: forgotten })}
          means={t("lists.forgetMeans")}
          label={t("lists.forget")}
          failed={t("lists.memberNotSaved")}
          remove={() =>
            done(
              api.DELETE("/api/v1/lists/{list_id}/members/{address}", {
                params: { path: { list_id: list.id, address: forgotten } },
              }),
            )
          }
          onRemoved={async () => {
            tell(t("lists.memberForgotten", { address: forgotten }));
            await client.invalidateQueries({ queryKey: ["lists"] });
          }}
          onClose={() => setForgotten(undefined)}
        />
      )}
    </section>
  );
}

interface MemberProps {
  list: string;
  member: ListMember;
  mayChange: boolean;
  onForget: () => void;
}

function Member({ list, member, mayChange, onForget }: MemberProps) {
  const { t } = useTranslation();
  const { shortDate } = useFormats();
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: (active: boolean) =>
      done(
        api.PUT("/api/v1/lists/{list_id}/members", {
          params: { path: { list_id: list } },
          body: { items: [{ address: member.address, name: member.name, active }] },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ["lists"] }),
    onError: (error) => tellFailure(t("lists.memberNotSaved"), error.message),
  });
  return (
    <li className={css.withButtons}>
      <span className={css.address}>
        <PlainLink to={addressPath(member.address)} className={css.link}>
          {member.address}
        </PlainLink>
      </span>
      <span className={css.pill}>
        {member.active ? null : (
          <Pill tone="warn" icon={IconUserMinus}>
            {member.by_rule ? t("lists.offByRule") : t("lists.isOff")}
          </Pill>
        )}
      </span>
      <span className={css.why}>
        {[
          ...(member.name === "" || member.name === member.contact?.name ? [] : [member.name]),
          ...(member.contact === null
            ? []
            : [t("addresses.contact", { name: member.contact.name, number: member.contact.number })]),
          t("addresses.since", { date: shortDate(member.since) }),
        ].join(" · ")}
      </span>
      {mayChange ? (
        <span className={css.buttons}>
          <Button
            size="xs"
            variant="default"
            loading={change.isPending}
            aria-label={t(member.active ? "lists.takeOffNamed" : "lists.putOnNamed", { address: member.address })}
            onClick={() => change.mutate(!member.active)}
          >
            {t(member.active ? "lists.takeOff" : "lists.putOn")}
          </Button>
          <Button
            size="xs"
            variant="default"
            aria-label={t("lists.forgetNamed", { address: member.address })}
            onClick={onForget}
          >
            {t("lists.forget")}
          </Button>
        </span>
      ) : null}
    </li>
  );
}
