import { Button, Select, TextInput } from "@mantine/core";
import { IconTags } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done, take } from "../api/client";
import { isProblem } from "../api/problem";
import { useSession } from "../api/session";
import type { Tag } from "../api/types";
import { Failure } from "../parts/Failure";
import { Empty } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { tell } from "../parts/toast";
import { tagsChanged, tagsQuery } from "../tags/queries";
import { TagLink } from "../tags/TagPill";
import css from "../tags/Tags.module.css";

const COLOURS = ["grey", "red", "orange", "yellow", "green", "blue", "violet"] as const;

/** All tags: name, colour, removal. */
export function Tags() {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery(tagsQuery);
  const mayChange = useSession().user.role !== "auditor";
  return (
    <div className={page.inner}>
      <PageHead title={t("tags.title")} lead={t("tags.lead")} />
      {error !== null && data === undefined ? (
        <Failure error={error} what={t("tags.failed")} retry={() => void refetch()} />
      ) : null}
      <section className={page.card}>
        {mayChange ? <Editor tag={undefined} /> : null}
        {data?.length === 0 ? <Empty icon={IconTags}>{t("tags.none")}</Empty> : null}
        {data?.map((tag) =>
          mayChange ? (
            <Editor key={tag.key} tag={tag} />
          ) : (
            <div key={tag.key} className={css.row}>
              <TagLink tag={tag} />
            </div>
          ),
        )}
      </section>
    </div>
  );
}

function Editor({ tag }: { tag: Tag | undefined }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [name, setName] = useState(tag?.name ?? "");
  const [colour, setColour] = useState<Tag["colour"]>(tag?.colour ?? "grey");
  const save = useMutation({
    mutationFn: () => {
      const body = { name: name.trim(), colour };
      return tag === undefined
        ? take(api.POST("/api/v1/tags", { body }))
        : take(api.PUT("/api/v1/tags/{key}", { params: { path: { key: String(tag.key) } }, body }));
    },
    onSuccess: async (saved) => {
      await tagsChanged(client);
      tell(t("tags.saved", { name: saved.name }));
      if (tag === undefined) {
        setName("");
        setColour("grey");
      }
    },
  });
  const remove = useMutation({
    mutationFn: () =>
      done(api.DELETE("/api/v1/tags/{key}", { params: { path: { key: String(tag?.key ?? 0) } } })),
    onSuccess: async () => {
      await tagsChanged(client);
      tell(t("tags.removed", { name: tag?.name ?? "" }));
    },
  });
  const [asking, setAsking] = useState(false);
  const problem = save.error ?? remove.error;
  const error = isProblem(problem) ? (problem.detail ?? problem.title) : problem === null ? undefined : t("tags.notChanged");
  const changed = name.trim() !== tag?.name || colour !== tag.colour;
  return (
    <form
      className={css.row}
      aria-label={tag === undefined ? t("tags.new") : tag.name}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <TextInput
        className={css.name}
        label={tag === undefined ? t("tags.new") : t("tags.name")}
        maxLength={60}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={error}
      />
      <Select
        label={t("tags.colour")}
        allowDeselect={false}
        w={130}
        data={COLOURS.map((value) => ({ value, label: t(`tags.colours.${value}`) }))}
        value={colour}
        onChange={(value) => setColour(COLOURS.find((one) => one === value) ?? "grey")}
      />
      <Button type="submit" variant="default" disabled={name.trim() === "" || !changed} loading={save.isPending}>
        {tag === undefined ? t("tags.add") : t("form.save")}
      </Button>
      {tag === undefined ? null : asking ? (
        <Button color="red" variant="light" loading={remove.isPending} onClick={() => remove.mutate()}>
          {t("tags.removeNow")}
        </Button>
      ) : (
        <Button variant="default" onClick={() => setAsking(true)}>
          {t("tags.remove")}
        </Button>
      )}
    </form>
  );
}
