import { Button, Divider, Skeleton } from "@mantine/core";
import { useForm, type UseFormReturnType } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { AtSource } from "../accounts/AtSource";
import { ExclusionsCard } from "../accounts/ExclusionsCard";
import { KeepingCard } from "../accounts/KeepingCard";
import { Completeness } from "../accounts/Completeness";
import { AccountFields, validation } from "../accounts/AccountFields";
import { type AccountForm, connectionOf, EMPTY_FORM, formOf, requestOf } from "../accounts/form";
import { RemoveDialog } from "../accounts/RemoveDialog";
import { TestPanel } from "../accounts/TestPanel";
import { api, take } from "../api/client";
import { isProblem } from "../api/problem";
import { accountQuery } from "../api/queries";
import { useMayAdminister } from "../api/session";
import type { Account } from "../api/types";
import { LinkCard } from "../oauth/LinkCard";
import { Delayed } from "../parts/Delayed";
import { Failure } from "../parts/Failure";
import { Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { FetchProgress, LastError } from "./accounts";
import { tell } from "../parts/toast";

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
  const { data, error, isPending, refetch } = useQuery(accountQuery(accountId));
  const administrator = useMayAdminister();
  return (
    <div className={page.inner}>
      <PageHead title={data?.name ?? t("accounts.title")} />
      {isPending ? (
        <Delayed>
          <Skeleton height={320} radius="md" />
        </Delayed>
      ) : null}
      {error !== null && data === undefined ? (
        <Failure error={error} what={t("accounts.failed")} retry={() => void refetch()} />
      ) : null}
      {data === undefined ? null : (
        <div className={page.stack}>
          <LastError account={data} />
          {data.state.progress == null ? null : (
            <FetchProgress done={data.state.progress.done} total={data.state.progress.total} />
          )}
          {administrator && data.connection?.oauth != null ? <LinkCard account={data} link={data.connection.oauth} /> : null}
          {data.kind === "import" ? null : <Completeness account={data} />}
          {data.kind === "imap" ? <AtSource account={data} /> : null}
          {administrator ? <Editor key={data.id} account={data} /> : <NotAllowed />}
          <ExclusionsCard account={data} />
          {administrator && data.kind !== "import" ? <KeepingCard account={data} /> : null}
        </div>
      )}
    </div>
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
  const [removing, setRemoving] = useState(false);
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
    mutationFn: (values: AccountForm) => saveAccount(account, values),
    onSuccess: async (saved) => {
      await client.invalidateQueries({ queryKey: ["accounts"] });
      // Who makes an account may read it.
      await client.refetchQueries({ queryKey: ["session"] });
      tell(t("accounts.saved", { name: saved.name }));
      // It is of no use before it is linked.
      const unlinked = saved.connection?.oauth?.state === "unlinked";
      await (unlinked
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
          <TestPanel answer={test.data} error={test.error} running={test.isPending} onTest={runTest} />
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
      {account === undefined ? null : (
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
      )}
    </div>
  );
}


function saveAccount(account: Account | undefined, values: AccountForm): Promise<Account> {
  const request = requestOf(values);
  if (account === undefined) {
    return take(api.POST("/api/v1/accounts", { body: request }));
  }
  const { name, active, connection, handling } = request;
  return take(
    api.PATCH("/api/v1/accounts/{account_id}", {
      params: { path: { account_id: account.id } },
      body: {
        name,
        address: values.address.trim(),
        ...(account.kind !== "import" && { active: active ?? true, connection: connection ?? null, handling: handling ?? null }),
      },
    }),
  );
}

/** A field the server refuses is marked where it stands. */
function showFieldError(form: UseFormReturnType<AccountForm>, error: Error): void {
  const field = isProblem(error) ? error.members["field"] : undefined;
  const sent = typeof field === "string" ? field.replace(/^connection\./u, "") : "";
  const name = sent === "handled_folder" ? "handledFolder" : sent === "manual_folder" ? "manualFolder" : sent;
  if (isProblem(error) && name in form.values) {
    form.setFieldError(name, error.detail ?? error.title);
  }
}
