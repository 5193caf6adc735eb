import { Button, Divider } from "@mantine/core";
import { useForm, type UseFormReturnType } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { AtSource } from "../accounts/AtSource";
import { ExclusionsCard } from "../accounts/ExclusionsCard";
import { KeepingCard } from "../accounts/KeepingCard";
import { Completeness } from "../accounts/Completeness";
import { ActivateCard, testedKey } from "../accounts/ActivateCard";
import { AccountFields, validation } from "../accounts/AccountFields";
import { type AccountForm, connectionOf, EMPTY_FORM, formOf, requestOf } from "../accounts/form";
import { createAccount, type Created } from "../accounts/create";
import { RemoveDialog } from "../accounts/RemoveDialog";
import { GRAPH_STEPS, TestPanel } from "../accounts/TestPanel";
import { api, take } from "../api/client";
import { isProblem } from "../api/problem";
import { accountQuery } from "../api/queries";
import { useMayAdminister } from "../api/session";
import type { Account } from "../api/types";
import { LinkCard } from "../oauth/LinkCard";
import { SortingCard } from "../groups/SortingCard";
import { Failure } from "../parts/Failure";
import { Loading } from "../parts/Loading";
import { Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { FetchProgress, LastError } from "./accounts";
import { tell, tellFailure } from "../parts/toast";

const route = getRouteApi("/shell/settings/accounts/$accountId");

export function NewAccount() {
  const { t } = useTranslation();
  return (
    <div className={page.inner}>
      <PageHead title={t("accounts.add")} lead={t("accounts.addLead")} />
      {useMayAdminister() ? <Editor account={undefined} /> : <NotAllowed />}
    </div>
  );
}

export function EditAccount() {
  const { t } = useTranslation();
  const { accountId } = route.useParams();
  const query = useQuery(accountQuery(accountId));
  const { data } = query;
  const administrator = useMayAdminister();
  return (
    <div className={page.inner}>
      <PageHead title={data?.name ?? t("accounts.title")} />
      <Loading of={query} what={t("accounts.failed")} height={320} />
      {data === undefined ? null : (
        <div className={page.stack}>
          <LastError account={data} />
          {data.state.progress == null ? null : (
            <FetchProgress done={data.state.progress.done} total={data.state.progress.total} />
          )}
          {administrator && data.kind !== "import" && !data.active ? <ActivateCard account={data} /> : null}
          {administrator && data.connection?.oauth != null ? <LinkCard account={data} link={data.connection.oauth} /> : null}
          {data.kind === "import" ? null : <Completeness account={data} />}
          {data.kind !== "import" ? <AtSource account={data} /> : null}
          {administrator ? <Editor key={data.id} account={data} /> : <NotAllowed />}
          <ExclusionsCard account={data} />
          {administrator && data.kind !== "import" ? <KeepingCard account={data} /> : null}
          <SortingCard account={data} />
          {administrator ? <RemoveCard account={data} /> : null}
        </div>
      )}
    </div>
  );
}

function RemoveCard({ account }: { account: Account }) {
  const { t } = useTranslation();
  const [removing, setRemoving] = useState(false);
  return (
    <section className={page.card}>
      <div className={page.cardHead}>
        <h2>{t("accounts.remove")}</h2>
      </div>
      <p className={page.lead}>{t("accounts.removeWhat")}</p>
      <Button variant="default" onClick={() => setRemoving(true)}>
        {t("accounts.removeStart")}
      </Button>
      {removing ? <RemoveDialog account={account} onClose={() => setRemoving(false)} /> : null}
    </section>
  );
}

function NotAllowed() {
  const { t } = useTranslation();
  return <Notice tone="info">{t("settings.administratorsOnly")}</Notice>;
}

/** Settings of an account: fill in, test, save. Nothing is saved by testing. */
function Editor({ account }: { account: Account | undefined }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const client = useQueryClient();
  const isImport = account?.kind === "import";
  const form = useForm<AccountForm>({
    initialValues: account === undefined ? EMPTY_FORM : formOf(account),
    validate: validation(t, { isNew: account === undefined, isImport }),
  });
  const test = useMutation({
    mutationFn: (values: AccountForm) =>
      take(
        api.POST("/api/v1/accounts/test", {
          body: { kind: values.kind, connection: connectionOf(values), ...(account !== undefined && { account: account.id }) },
        }),
      ),
  });
  const save = useMutation({
    mutationFn: (values: AccountForm) =>
      account === undefined ? createAccount(client, values) : changeAccount(account, values),
    onSuccess: async ({ account: saved, tested, sendingIdle }) => {
      await client.invalidateQueries({ queryKey: ["accounts"] });
      await client.invalidateQueries({ queryKey: ["smtp"] });
      await client.invalidateQueries({ queryKey: ["groups"] });
      // Who makes an account may read it.
      await client.refetchQueries({ queryKey: ["session"] });
      tell(t("accounts.saved", { name: saved.name }));
      if (sendingIdle) {
        tellFailure(t("accounts.sendingIdle", { name: saved.name }), t("accounts.sendingIdleWhat"));
      }
      if (tested?.ok === false) {
        client.setQueryData(testedKey(saved.id), tested);
      }
      // It is of no use before it is linked, or its settings are right.
      const unfinished = saved.connection?.oauth?.state === "unlinked" || tested?.ok === false;
      await (unfinished
        ? navigate({ to: "/settings/accounts/$accountId", params: { accountId: saved.id } })
        : navigate({ to: "/settings/accounts" }));
    },
    onError: (error) => showFieldError(form, error),
  });
  /** The name, and which mailboxes, matter only for saving: the test is what finds the mailboxes. */
  const runTest = () => {
    const { errors } = form.validate();
    form.clearFieldError("names");
    form.clearFieldError("name");
    if (Object.keys(errors).every((field) => field === "names" || field === "name")) {
      test.mutate(form.values);
    }
  };
  return (
    <div className={page.stack}>
      <form className={page.card} onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
        <AccountFields
          form={form}
          isNew={account === undefined}
          isImport={isImport}
          passwordSet={account?.connection?.password_set === true}
          found={test.data?.mailboxes ?? []}
        />
        {isImport || (form.values.oauth !== "" && account?.connection?.oauth?.client !== form.values.oauth) ? null : (
          <TestPanel
            answer={test.data}
            error={test.error}
            running={test.isPending}
            onTest={runTest}
            {...(form.values.kind === "graph" && { shown: GRAPH_STEPS })}
          />
        )}
        <Divider my="md" />
        {save.error === null ? null : <Failure error={save.error} what={t("accounts.notSaved")} />}
        <div className={page.row}>
          <Button type="submit" loading={save.isPending}>
            {account === undefined ? t("accounts.create") : t("form.save")}
          </Button>
          <Button variant="default" onClick={() => void navigate({ to: "/settings/accounts" })}>
            {t("form.cancel")}
          </Button>
        </div>
      </form>
    </div>
  );
}


async function changeAccount(account: Account, values: AccountForm): Promise<Created> {
  const { name, active, connection, handling } = requestOf(values);
  const changed = await take(
    api.PATCH("/api/v1/accounts/{account_id}", {
      params: { path: { account_id: account.id } },
      body: {
        name,
        address: values.address.trim(),
        ...(account.kind !== "import" && { active: active ?? true, connection: connection ?? null, handling: handling ?? null }),
      },
    }),
  );
  return { account: changed, tested: undefined, sendingIdle: false };
}

/** Names of the form for what the server calls otherwise. */
const FIELDS: Record<string, string> = {
  handled_folder: "handledFolder",
  manual_folder: "manualFolder",
  "sending.name": "name",
  "sending.host": "smtpHost",
  "sending.port": "smtpPort",
  "sending.tls": "smtpTls",
  "sending.from_address": "address",
  "group.name": "name",
  "group.addresses": "groupAddress",
};

/** A field the server refuses is marked where it stands. */
function showFieldError(form: UseFormReturnType<AccountForm>, error: Error): void {
  const field = isProblem(error) ? error.members["field"] : undefined;
  const sent = typeof field === "string" ? field.replace(/^connection\./u, "") : "";
  const name = FIELDS[sent] ?? sent;
  if (isProblem(error) && name in form.values) {
    form.setFieldError(name, error.detail ?? error.title);
  }
}
