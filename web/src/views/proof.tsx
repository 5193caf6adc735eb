import { Button, CopyButton, PasswordInput, Textarea, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Anchoring } from "../anchoring/Anchoring";
import { api, take } from "../api/client";
import type { components } from "../api/schema";
import { useSession } from "../api/session";
import { useFormats } from "../lang/format";
import { AdminPage } from "../parts/AdminPage";
import { Failure } from "../parts/Failure";
import { Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { tell } from "../parts/toast";
import { RecoveryKey } from "./recoveryKey";

type State = components["schemas"]["ProofState"];
type Authority = components["schemas"]["StampAuthorityRequest"];

const proofQuery = queryOptions({
  queryKey: ["proof"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/proof", { signal })),
  refetchInterval: 10_000,
});

/** How the provable log stands, its key, and who stamps it. */
export function Proof() {
  const { t } = useTranslation();
  const { role } = useSession().user;
  const query = useQuery({ ...proofQuery, enabled: role !== "agent" });
  return (
    <AdminPage title={t("proof.title")} lead={t("proof.lead")} of={query} failed={t("proof.failed")} auditors>
      {query.data === undefined ? null : (
        <div className={page.stack}>
          <Health state={query.data} />
          <PublicKey line={query.data.public_key} />
          {role === "administrator" ? <RecoveryKey /> : null}
          {role === "administrator" ? <Authorities state={query.data} /> : null}
          {role === "administrator" ? <Anchoring /> : null}
        </div>
      )}
    </AdminPage>
  );
}

function Health({ state }: { state: State }) {
  const { t } = useTranslation();
  const { shortDate, number } = useFormats();
  const waiting = state.entries - state.signed;
  return (
    <section className={page.card} aria-label={t("proof.state")}>
      <h2>{t("proof.state")}</h2>
      {state.trouble === null ? (
        <Notice tone="ok">{waiting > 0 ? t("proof.waiting", { count: waiting }) : t("proof.well")}</Notice>
      ) : (
        <Notice tone="danger" title={t("proof.trouble")}>
          {state.trouble}. {t("proof.troubleHelp")}
        </Notice>
      )}
      <dl className={page.facts}>
        <dt>{t("proof.entries")}</dt>
        <dd>{number(state.entries)}</dd>
        <dt>{t("proof.signedAt")}</dt>
        <dd>{state.signed_at === null ? "–" : shortDate(state.signed_at)}</dd>
        <dt>{t("proof.stamped")}</dt>
        <dd>
          {state.stamped_at === null
            ? t("proof.never")
            : t("proof.stampedUntil", { when: shortDate(state.stamped_at), count: state.stamped_entries ?? 0 })}
        </dd>
        <dt>{t("proof.anchors")}</dt>
        <dd>{number(state.anchors)}</dd>
        <dt>{t("proof.root")}</dt>
        <dd className={page.mono}>{state.root}</dd>
      </dl>
    </section>
  );
}

function PublicKey({ line }: { line: string }) {
  const { t } = useTranslation();
  return (
    <section className={page.card} aria-label={t("proof.key")}>
      <h2>{t("proof.key")}</h2>
      <p className={page.dimmed}>{t("proof.keyHelp")}</p>
      <p className={page.mono}>{line}</p>
      <div className={page.row}>
        <CopyButton value={line}>
          {({ copied, copy }) => (
            <Button size="xs" variant="default" onClick={copy}>
              {t(copied ? "proof.copied" : "proof.copy")}
            </Button>
          )}
        </CopyButton>
      </div>
    </section>
  );
}

const NEW: Authority = { number: 0, name: "", url: "", ca: "", user: "", password: null };

/** As they are kept: a password is never given back, and the kept one counts where none is entered. */
const keptAuthorities = (state: State): Authority[] =>
  state.authorities.map(({ number, name, url, ca, user }) => ({ number, name, url, ca, user, password: null }));

function Authorities({ state }: { state: State }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [items, setItems] = useState<Authority[]>(keptAuthorities(state));
  const save = useMutation({
    mutationFn: () => take(api.PUT("/api/v1/proof/authorities", { body: { items } })),
    onSuccess: (saved) => {
      client.setQueryData(proofQuery.queryKey, saved);
      setItems(keptAuthorities(saved));
      tell(t("proof.saved"));
    },
  });
  const change = (at: number, part: Partial<Authority>) =>
    setItems(items.map((item, index) => (index === at ? { ...item, ...part } : item)));
  return (
    <form
      className={`${page.card} ${page.stack}`}
      aria-label={t("proof.authorities")}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <h2>{t("proof.authorities")}</h2>
      <p className={page.dimmed}>{t("proof.authoritiesHelp")}</p>
      {state.authorities.length === 0 ? <Notice tone="info">{t("proof.none")}</Notice> : null}
      {state.authorities
        .filter(({ trouble }) => trouble !== null)
        .map(({ number, name, trouble }) => (
          <Notice key={number} tone="warn">
            {t("proof.fails", { name, why: trouble ?? "" })}
          </Notice>
        ))}
      {items.map((item, at) => (
        <div key={at} className={page.stack}>
          <TextInput
            label={t("proof.name")}
            required
            maxLength={100}
            value={item.name}
            onChange={(event) => change(at, { name: event.currentTarget.value })}
          />
          <TextInput
            label={t("proof.url")}
            required
            placeholder="https://tsa.example/"
            maxLength={500}
            value={item.url}
            onChange={(event) => change(at, { url: event.currentTarget.value })}
          />
          <Textarea
            label={t("proof.ca")}
            required
            placeholder="-----BEGIN CERTIFICATE-----"
            rows={4}
            value={item.ca}
            onChange={(event) => change(at, { ca: event.currentTarget.value })}
          />
          <TextInput
            label={t("proof.user")}
            description={t("proof.userHelp")}
            autoComplete="off"
            maxLength={500}
            value={item.user ?? ""}
            onChange={(event) => change(at, { user: event.currentTarget.value })}
          />
          {(item.user ?? "") === "" ? null : (
            <PasswordInput
              label={t("proof.password")}
              description={
                state.authorities.some(({ number, password_set }) => number === item.number && password_set)
                  ? t("proof.passwordKept")
                  : undefined
              }
              autoComplete="new-password"
              maxLength={500}
              value={item.password ?? ""}
              onChange={(event) => change(at, { password: event.currentTarget.value || null })}
            />
          )}
          <div className={page.row}>
            <Button
              variant="default"
              leftSection={<IconTrash size={16} aria-hidden />}
              onClick={() => setItems(items.filter((_, index) => index !== at))}
            >
              {t("proof.remove")}
            </Button>
          </div>
        </div>
      ))}
      {save.error === null ? null : <Failure error={save.error} what={t("proof.notSaved")} />}
      <div className={page.row}>
        <Button
          variant="default"
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={() => setItems([...items, NEW])}
        >
          {t("proof.add")}
        </Button>
        <Button type="submit" loading={save.isPending}>
          {t("form.save")}
        </Button>
      </div>
    </form>
  );
}
