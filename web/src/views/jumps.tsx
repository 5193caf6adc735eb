import { Button, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { useMayAdminister } from "../api/session";
import { Failure } from "../parts/Failure";
import css from "../links/links.module.css";
import { jumpsQuery } from "../links/queries";
import { AdminPage } from "../parts/AdminPage";
import page from "../parts/Page.module.css";
import { tell } from "../parts/toast";

const VARIABLES = "#EMAIL#, #NAME#, #CONTACT#, #ORDER#, #QUOTE#, #SUBJECT#";

interface Template {
  name: string;
  template: string;
}

/** Ways from a mail into other programs. */
export function Jumps() {
  const { t } = useTranslation();
  const administrator = useMayAdminister();
  const query = useQuery({ ...jumpsQuery, enabled: administrator });
  return (
    <AdminPage title={t("jumps.title")} lead={t("jumps.lead")} of={query} failed={t("jumps.failed")}>
      {query.data === undefined ? null : <Editor kept={query.data} />}
    </AdminPage>
  );
}

function Editor({ kept }: { kept: Template[] }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [items, setItems] = useState<Template[]>(kept.length === 0 ? [{ name: "", template: "" }] : kept);
  const save = useMutation({
    mutationFn: () => {
      const filled = items.filter(({ name, template }) => name.trim() !== "" || template.trim() !== "");
      return take(api.PUT("/api/v1/links/jumps", { body: { items: filled } }));
    },
    onSuccess: async (saved) => {
      client.setQueryData(jumpsQuery.queryKey, saved.items);
      await client.invalidateQueries({ queryKey: ["links"] });
      tell(t("jumps.saved"));
    },
  });
  const change = (at: number, part: Partial<Template>) =>
    setItems(items.map((item, index) => (index === at ? { ...item, ...part } : item)));
  return (
    <form
      className={page.card}
      aria-label={t("jumps.title")}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <p className={page.dimmed}>{t("jumps.variables", { variables: VARIABLES })}</p>
      {items.map((item, at) => (
        <div key={at} className={css.tools}>
          <TextInput
            label={t("jumps.name")}
            maxLength={60}
            value={item.name}
            onChange={(event) => change(at, { name: event.currentTarget.value })}
          />
          <TextInput
            label={t("jumps.template")}
            placeholder="https://erp.example/customers/#CONTACT#"
            maxLength={2000}
            w={420}
            maw="100%"
            value={item.template}
            onChange={(event) => change(at, { template: event.currentTarget.value })}
          />
          <Button
            variant="default"
            leftSection={<IconTrash size={16} aria-hidden />}
            onClick={() => setItems(items.filter((_, index) => index !== at))}
          >
            {t("jumps.remove")}
          </Button>
        </div>
      ))}
      {save.error === null ? null : <Failure error={save.error} what={t("jumps.notSaved")} />}
      <div className={page.row}>
        <Button
          variant="default"
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={() => setItems([...items, { name: "", template: "" }])}
        >
          {t("jumps.add")}
        </Button>
        <Button type="submit" loading={save.isPending}>
          {t("form.save")}
        </Button>
      </div>
    </form>
  );
}
