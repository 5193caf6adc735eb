import { Button, Select, TextInput } from "@mantine/core";
import { IconFolders } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done, take } from "../api/client";
import { isProblem } from "../api/problem";
import { useSession } from "../api/session";
import { foldersQuery } from "../documents/queries";
import { type FolderPath, LEVELS_MAX, paths } from "../documents/tree";
import css from "../links/links.module.css";
import { Loading } from "../parts/Loading";
import { Empty } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { tell, tellFailure } from "../parts/toast";
import { wordOr } from "../reader/words";

const KINDS = ["contact", "order", "quote", "item"] as const;

/** Folders for documents: which there are, new ones, other names. */
export function Folders() {
  const { t } = useTranslation();
  const query = useQuery(foldersQuery);
  const mayChange = useSession().user.role !== "auditor";
  const found = paths(query.data ?? []);
  return (
    <div className={page.inner}>
      <PageHead title={t("folders.title")} lead={t("folders.lead")} />
      <div className={page.stack}>
        {mayChange ? <Add all={found} /> : null}
        <section className={page.card} aria-label={t("folders.all")}>
          <Loading of={query} what={t("folders.failed")} height={80} />
          {query.isSuccess && found.length === 0 ? <Empty icon={IconFolders}>{t("folders.none")}</Empty> : null}
          {found.map((one) => (
            <Row key={`${one.folder.key} ${one.folder.name}`} of={one} mayChange={mayChange} />
          ))}
        </section>
      </div>
    </div>
  );
}

function useChanged() {
  const client = useQueryClient();
  return () =>
    Promise.all([
      client.invalidateQueries({ queryKey: foldersQuery.queryKey }),
      client.invalidateQueries({ queryKey: ["record"] }),
    ]);
}

function Add({ all }: { all: FolderPath[] }) {
  const { t } = useTranslation();
  const changed = useChanged();
  const [name, setName] = useState("");
  const [parent, setParent] = useState("");
  const [kind, setKind] = useState("");
  const add = useMutation({
    mutationFn: () =>
      take(
        api.POST("/api/v1/documents/folders", {
          body: {
            name: name.trim(),
            parent: parent === "" ? null : Number(parent),
            kind: kind === "" ? null : kind,
          },
        }),
      ),
    onSuccess: async (made) => {
      await changed();
      tell(t("folders.added", { name: made.name }));
      setName("");
    },
  });
  const error = isProblem(add.error) ? (add.error.detail ?? add.error.title) : add.error === null ? undefined : t("folders.notChanged");
  return (
    <form
      className={page.card}
      aria-label={t("folders.new")}
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate();
      }}
    >
      <h2>{t("folders.new")}</h2>
      <div className={css.tools}>
        <TextInput
          label={t("folders.name")}
          maxLength={100}
          value={name}
          error={error}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Select
          label={t("folders.parent")}
          allowDeselect={false}
          data={[
            { value: "", label: t("folders.top") },
            ...all
              .filter(({ level }) => level < LEVELS_MAX)
              .map(({ folder, path }) => ({ value: String(folder.key), label: path })),
          ]}
          value={parent}
          onChange={(value) => setParent(value ?? "")}
        />
        {parent === "" ? (
          <Select
            label={t("folders.kind")}
            allowDeselect={false}
            data={[
              { value: "", label: t("folders.allKinds") },
              ...KINDS.map((value) => ({ value, label: t(`folders.kinds.${value}`) })),
            ]}
            value={kind}
            onChange={(value) => setKind(value ?? "")}
          />
        ) : null}
        <Button type="submit" disabled={name.trim() === ""} loading={add.isPending}>
          {t("folders.add")}
        </Button>
      </div>
    </form>
  );
}

function Row({ of: { folder, path, level }, mayChange }: { of: FolderPath; mayChange: boolean }) {
  const { t } = useTranslation();
  const changed = useChanged();
  const [name, setName] = useState(folder.name);
  const [renaming, setRenaming] = useState(false);
  const key = String(folder.key);
  const failed = (error: unknown) =>
    tellFailure(t("folders.notChanged"), isProblem(error) ? error.detail : undefined);
  const rename = useMutation({
    mutationFn: () => done(api.PUT("/api/v1/documents/folders/{key}", { params: { path: { key } }, body: { name: name.trim() } })),
    onSuccess: async () => {
      setRenaming(false);
      await changed();
    },
    onError: failed,
  });
  const remove = useMutation({
    mutationFn: () => done(api.DELETE("/api/v1/documents/folders/{key}", { params: { path: { key } } })),
    onSuccess: async () => {
      tell(t("folders.removed", { name: folder.name }));
      await changed();
    },
    onError: failed,
  });
  const kind = folder.kind === null ? t("folders.allKinds") : wordOr(t, `folders.kinds.${folder.kind}`, folder.kind);
  if (renaming) {
    return (
      <form
        className={css.row}
        aria-label={t("folders.renameOf", { name: path })}
        onSubmit={(event) => {
          event.preventDefault();
          rename.mutate();
        }}
      >
        <TextInput
          aria-label={t("folders.name")}
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button type="submit" size="compact-sm" disabled={name.trim() === ""} loading={rename.isPending}>
          {t("form.save")}
        </Button>
        <Button size="compact-sm" variant="default" onClick={() => setRenaming(false)}>
          {t("form.cancel")}
        </Button>
      </form>
    );
  }
  return (
    <div className={css.row} style={{ paddingInlineStart: (level - 1) * 22 }}>
      <b>{folder.name}</b>
      {level === 1 ? <span className={css.dimmed}>{kind}</span> : null}
      {mayChange ? (
        <>
          <Button
            size="compact-sm"
            variant="default"
            aria-label={t("folders.renameOf", { name: path })}
            onClick={() => setRenaming(true)}
          >
            {t("folders.rename")}
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            aria-label={t("folders.removeOf", { name: path })}
            loading={remove.isPending}
            onClick={() => remove.mutate()}
          >
            {t("folders.remove")}
          </Button>
        </>
      ) : null}
    </div>
  );
}
