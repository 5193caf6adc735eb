import { Button, CopyButton, Switch, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { useFormats } from "../lang/format";
import { Failure } from "../parts/Failure";
import page from "../parts/Page.module.css";
import { tell } from "../parts/toast";
import { type AnchoringState, anchoringQuery, type WitnessedLogRequest } from "./queries";

const kept = (state: AnchoringState): WitnessedLogRequest[] =>
  state.witness.logs.map(({ name, verifier }) => ({ name, verifier }));

/** This server as a witness of other logs. */
export function WitnessCard({ state }: { state: AnchoringState }) {
  const { t } = useTranslation();
  const { shortDate } = useFormats();
  const client = useQueryClient();
  const [active, setActive] = useState(state.witness.active);
  const [logs, setLogs] = useState(kept(state));
  const save = useMutation({
    mutationFn: () => take(api.PUT("/api/v1/anchoring/witness", { body: { active, logs } })),
    onSuccess: (saved) => {
      client.setQueryData(anchoringQuery.queryKey, saved);
      setLogs(kept(saved));
      tell(t("anchoring.witnessSaved"));
    },
  });
  const change = (at: number, part: Partial<WitnessedLogRequest>) =>
    setLogs(logs.map((log, index) => (index === at ? { ...log, ...part } : log)));
  const { verifier } = state.witness;
  return (
    <form
      className={`${page.card} ${page.stack}`}
      aria-label={t("anchoring.witness")}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <h2>{t("anchoring.witness")}</h2>
      <p className={page.dimmed}>{t("anchoring.witnessHelp")}</p>
      <Switch
        label={t("anchoring.witnessActive")}
        checked={active}
        onChange={(event) => setActive(event.currentTarget.checked)}
      />
      {verifier === null ? null : (
        <>
          <p className={page.dimmed}>{t("anchoring.ownKeyHelp")}</p>
          <p className={page.mono}>{`${window.location.origin}/api/v1/witness`}</p>
          <p className={page.mono}>{verifier}</p>
          <div className={page.row}>
            <CopyButton value={verifier}>
              {({ copied, copy }) => (
                <Button size="xs" variant="default" onClick={copy}>
                  {t(copied ? "proof.copied" : "proof.copy")}
                </Button>
              )}
            </CopyButton>
          </div>
        </>
      )}
      {state.witness.logs.length === 0 ? null : (
        <dl className={page.facts}>
          {state.witness.logs.map((log) => (
            <Log
              key={log.origin}
              name={`${log.name} (${log.origin})`}
              said={
                log.at === null
                  ? t("anchoring.logNever")
                  : t("anchoring.logSeen", { when: shortDate(log.at), count: log.size })
              }
            />
          ))}
        </dl>
      )}
      {logs.map((log, at) => (
        <div key={at} className={page.stack}>
          <TextInput
            label={t("anchoring.logName")}
            required
            maxLength={100}
            value={log.name}
            onChange={(event) => change(at, { name: event.currentTarget.value })}
          />
          <TextInput
            label={t("anchoring.logKey")}
            required
            maxLength={500}
            placeholder="poststelle/…+…+…"
            value={log.verifier}
            onChange={(event) => change(at, { verifier: event.currentTarget.value })}
          />
          <div className={page.row}>
            <Button
              variant="default"
              leftSection={<IconTrash size={16} aria-hidden />}
              onClick={() => setLogs(logs.filter((_, index) => index !== at))}
            >
              {t("anchoring.logRemove")}
            </Button>
          </div>
        </div>
      ))}
      {save.error === null ? null : <Failure error={save.error} what={t("anchoring.witnessNotSaved")} />}
      <div className={page.row}>
        <Button
          variant="default"
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={() => setLogs([...logs, { name: "", verifier: "" }])}
        >
          {t("anchoring.logAdd")}
        </Button>
        <Button type="submit" loading={save.isPending}>
          {t("form.save")}
        </Button>
      </div>
    </form>
  );
}

function Log({ name, said }: { name: string; said: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{said}</dd>
    </>
  );
}
