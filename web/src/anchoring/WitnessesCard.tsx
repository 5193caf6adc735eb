import { Button, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { useFormats } from "../lang/format";
import { Failure } from "../parts/Failure";
import { Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { tell } from "../parts/toast";
import { type AnchoringState, anchoringQuery, type LogWitnessRequest } from "./queries";

const NEW: LogWitnessRequest = { id: null, name: "", url: "", verifier: "" };

const kept = (state: AnchoringState): LogWitnessRequest[] =>
  state.witnesses.map(({ id, name, url, verifier }) => ({ id, name, url, verifier }));

/** Other servers that confirm this log. */
export function WitnessesCard({ state }: { state: AnchoringState }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [items, setItems] = useState(kept(state));
  const save = useMutation({
    mutationFn: () => take(api.PUT("/api/v1/anchoring/witnesses", { body: { items } })),
    onSuccess: (saved) => {
      client.setQueryData(anchoringQuery.queryKey, saved);
      setItems(kept(saved));
      tell(t("anchoring.witnessesSaved"));
    },
  });
  const change = (at: number, part: Partial<LogWitnessRequest>) =>
    setItems(items.map((item, index) => (index === at ? { ...item, ...part } : item)));
  return (
    <form
      className={`${page.card} ${page.stack}`}
      aria-label={t("anchoring.witnesses")}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <h2>{t("anchoring.witnesses")}</h2>
      <p className={page.dimmed}>{t("anchoring.witnessesHelp")}</p>
      {state.witnesses.map((witness) => (
        <Stands key={witness.id} witness={witness} />
      ))}
      {items.map((item, at) => (
        <div key={at} className={page.stack}>
          <TextInput
            label={t("anchoring.witnessName")}
            required
            maxLength={100}
            value={item.name}
            onChange={(event) => change(at, { name: event.currentTarget.value })}
          />
          <TextInput
            label={t("anchoring.witnessUrl")}
            required
            maxLength={500}
            placeholder="https://post.example/api/v1/witness"
            value={item.url}
            onChange={(event) => change(at, { url: event.currentTarget.value })}
          />
          <TextInput
            label={t("anchoring.witnessKey")}
            required
            maxLength={500}
            placeholder="poststelle-witness/…+…+…"
            value={item.verifier}
            onChange={(event) => change(at, { verifier: event.currentTarget.value })}
          />
          <div className={page.row}>
            <Button
              variant="default"
              leftSection={<IconTrash size={16} aria-hidden />}
              onClick={() => setItems(items.filter((_, index) => index !== at))}
            >
              {t("anchoring.witnessRemove")}
            </Button>
          </div>
        </div>
      ))}
      {save.error === null ? null : <Failure error={save.error} what={t("anchoring.witnessesNotSaved")} />}
      <div className={page.row}>
        <Button
          variant="default"
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={() => setItems([...items, NEW])}
        >
          {t("anchoring.witnessAdd")}
        </Button>
        <Button type="submit" loading={save.isPending}>
          {t("form.save")}
        </Button>
      </div>
    </form>
  );
}

function Stands({ witness }: { witness: AnchoringState["witnesses"][number] }) {
  const { t } = useTranslation();
  const { shortDate } = useFormats();
  const { name, at, size, error, refused } = witness;
  if (refused !== null) {
    return (
      <Notice tone="danger" title={t("anchoring.refused", { name })}>
        {t("anchoring.refusedHelp", { count: refused, why: error ?? "" })}
      </Notice>
    );
  }
  return (
    <Notice tone={error === null ? (at === null ? "info" : "ok") : "warn"}>
      {at === null
        ? t("anchoring.notYet", { name })
        : t("anchoring.confirmed", { name, when: shortDate(at), count: size })}
      {error === null ? null : ` ${t("anchoring.fails", { why: error })}`}
    </Notice>
  );
}
