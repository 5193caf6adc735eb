import { Button, Group, PasswordInput, SegmentedControl, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconFileImport, IconMailbox, IconMoodHappy, IconPlayerSkipForward } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { isProblem } from "../api/problem";
import { queryClient, setupQuery } from "../api/queries";
import { enter } from "../api/session";
import type { Language } from "../api/types";
import { switchLanguage } from "../lang/i18n";
import { LANGUAGES } from "../lang/language";
import { Failure } from "../parts/Failure";
import { LANGUAGE_NAMES } from "../parts/LanguageMenu";
import { Logo } from "../parts/Logo";
import { PASSWORD_MIN } from "../parts/password";
import { usePageTitle } from "../parts/usePageTitle";
import css from "./lone.module.css";

type Step = "language" | "administrator" | "mail";
const STEPS: readonly Step[] = ["language", "administrator", "mail"];

/** First visit: language, administrator, first mail. */
export function Setup() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [step, setStep] = useState<Step>("language");
  const state = useQuery(setupQuery);
  const isDone = state.data?.needed === false && step !== "mail";
  usePageTitle(t("setup.title"));
  useEffect(() => {
    if (isDone) {
      void navigate({ to: "/", replace: true });
    }
  }, [isDone, navigate]);
  return (
    <div className={css.page}>
      <main className={`${css.box} ${css.wide}`}>
        <div className={css.brand}>
          <Logo size={32} /> Poststelle
        </div>
        <ol className={css.steps} aria-label={t("setup.step", { at: STEPS.indexOf(step) + 1, of: STEPS.length })}>
          {STEPS.map((one, at) => (
            <li
              key={one}
              className={at <= STEPS.indexOf(step) ? css.reached : undefined}
              aria-current={one === step ? "step" : undefined}
            />
          ))}
        </ol>
        {state.error !== null ? (
          <Failure error={state.error} what={t("setup.failed")} retry={() => void state.refetch()} />
        ) : null}
        {step === "language" ? <LanguageStep onNext={() => setStep("administrator")} /> : null}
        {step === "administrator" ? (
          <AdministratorStep
            codeRequired={state.data?.code_required === true}
            onBack={() => setStep("language")}
            onNext={() => setStep("mail")}
          />
        ) : null}
        {step === "mail" ? <MailStep /> : null}
      </main>
    </div>
  );
}

function LanguageStep({ onNext }: { onNext: () => void }) {
  const { t, i18n } = useTranslation();
  return (
    <>
      <h1>{t("setup.welcome")}</h1>
      <p className={css.lead}>{t("setup.welcomeWhat")}</p>
      <Stack>
        <SegmentedControl
          fullWidth
          size="md"
          aria-label={t("shell.language")}
          value={i18n.language}
          onChange={(value) => void switchLanguage(value as Language)}
          data={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
        />
        <Group justify="flex-end">
          <Button size="md" onClick={onNext}>
            {t("setup.next")}
          </Button>
        </Group>
      </Stack>
    </>
  );
}

interface AdministratorStepProps {
  codeRequired: boolean;
  onBack: () => void;
  onNext: () => void;
}

function AdministratorStep({ codeRequired, onBack, onNext }: AdministratorStepProps) {
  const { t, i18n } = useTranslation();
  const required = (value: string) => (value.trim() === "" ? t("form.required") : null);
  const form = useForm({
    initialValues: { organisation: "", name: "", email: "", password: "", again: "", code: "" },
    validate: {
      organisation: required,
      name: required,
      email: (value) => (/^\S+@\S+$/u.test(value.trim()) ? null : t("form.emailBroken")),
      password: (value) => (value.length < PASSWORD_MIN ? t("form.passwordShort", { min: PASSWORD_MIN }) : null),
      again: (value, values) => (value === values.password ? null : t("form.passwordsDiffer")),
      code: (value) => (codeRequired ? required(value) : null),
    },
  });
  const create = useMutation({
    mutationFn: ({ organisation, name, email, password, code }: typeof form.values) =>
      take(
        api.POST("/api/v1/setup", {
          body: {
            language: i18n.language as Language,
            organisation: organisation.trim(),
            name: name.trim(),
            email: email.trim(),
            password,
            zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
            ...(codeRequired && { code: code.trim() }),
          },
        }),
      ),
    onSuccess: async (session) => {
      await enter(session);
      onNext();
    },
    onError: (error) => {
      const field = isProblem(error) ? error.members["field"] : undefined;
      if (typeof field === "string" && field in form.values) {
        form.setFieldError(field, isProblem(error) ? (error.detail ?? error.title) : error.message);
      }
    },
  });
  return (
    <>
      <h1>{t("setup.administrator")}</h1>
      <p className={css.lead}>{t("setup.administratorWhat")}</p>
      <form onSubmit={form.onSubmit((values) => create.mutate(values))} noValidate>
        <Stack>
          {codeRequired ? (
            <TextInput
              label={t("setup.code")}
              description={t("setup.codeWhat")}
              autoComplete="one-time-code"
              {...form.getInputProps("code")}
            />
          ) : null}
          <TextInput
            label={t("setup.organisation")}
            description={t("setup.organisationWhat")}
            autoComplete="organization"
            {...form.getInputProps("organisation")}
          />
          <TextInput label={t("setup.name")} autoComplete="name" {...form.getInputProps("name")} />
          <TextInput
            label={t("form.email")}
            description={t("setup.emailWhat")}
            type="email"
            autoComplete="username"
            {...form.getInputProps("email")}
          />
          <PasswordInput
            label={t("form.password")}
            description={t("form.passwordHint", { min: PASSWORD_MIN })}
            autoComplete="new-password"
            visibilityToggleButtonProps={{ "aria-label": t("form.showPassword") }}
            {...form.getInputProps("password")}
          />
          <PasswordInput
            label={t("form.passwordAgain")}
            autoComplete="new-password"
            visibilityToggleButtonProps={{ "aria-label": t("form.showPassword") }}
            {...form.getInputProps("again")}
          />
          {create.error === null ? null : <Failure error={create.error} what={t("setup.notCreated")} />}
          <Group justify="space-between">
            <Button variant="default" size="md" onClick={onBack}>
              {t("setup.back")}
            </Button>
            <Button type="submit" size="md" loading={create.isPending}>
              {t("setup.create")}
            </Button>
          </Group>
        </Stack>
      </form>
    </>
  );
}

/** Three ways to the first mail, and one without. */
function MailStep() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const samples = useMutation({
    mutationFn: () => take(api.POST("/api/v1/setup/samples")),
    onSuccess: async () => {
      await queryClient.invalidateQueries();
      await navigate({ to: "/mail/$view", params: { view: "all" } });
    },
  });
  return (
    <>
      <h1>{t("setup.mail")}</h1>
      <p className={css.lead}>{t("setup.mailWhat")}</p>
      <div className={css.choices}>
        <Way
          icon={<IconMailbox size={28} stroke={1.6} aria-hidden />}
          title={t("setup.mailbox")}
          what={t("setup.mailboxWhat")}
          onChoose={() => void navigate({ to: "/settings/accounts/new" })}
        />
        <Way
          icon={<IconMoodHappy size={28} stroke={1.6} aria-hidden />}
          title={t("setup.samples")}
          what={t("setup.samplesWhat")}
          disabled={samples.isPending}
          onChoose={() => samples.mutate()}
        />
        <Way
          icon={<IconFileImport size={28} stroke={1.6} aria-hidden />}
          title={t("setup.import")}
          what={t("setup.importWhat")}
          onChoose={() => void navigate({ to: "/imports" })}
        />
        <Way
          icon={<IconPlayerSkipForward size={28} stroke={1.6} aria-hidden />}
          title={t("setup.later")}
          what={t("setup.laterWhat")}
          onChoose={() => void navigate({ to: "/" })}
        />
        {samples.error === null ? null : <Failure error={samples.error} what={t("setup.samplesFailed")} />}
      </div>
    </>
  );
}

interface WayProps {
  icon: ReactNode;
  title: string;
  what: string;
  disabled?: boolean;
  onChoose: () => void;
}

function Way({ icon, title, what, disabled = false, onChoose }: WayProps) {
  return (
    <button type="button" className={css.choice} disabled={disabled} onClick={onChoose}>
      {icon}
      <b>{title}</b>
      <small>{what}</small>
    </button>
  );
}
