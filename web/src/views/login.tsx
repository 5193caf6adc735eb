import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { isProblem } from "../api/problem";
import { changeProfile, enter, forget } from "../api/session";
import type { Language } from "../api/types";
import { switchLanguage } from "../lang/i18n";
import { Failure } from "../parts/Failure";
import { LanguageMenu } from "../parts/LanguageMenu";
import { Logo } from "../parts/Logo";
import { Notice } from "../parts/Notice";
import { usePageTitle } from "../parts/usePageTitle";
import { localPath } from "./localPath";
import css from "./lone.module.css";

const route = getRouteApi("/login");

export function Login() {
  const { t } = useTranslation();
  const router = useRouter();
  const { next } = route.useSearch();
  const [chosen, setChosen] = useState<Language>();
  usePageTitle(t("login.title"));
  useEffect(forget, []);
  const form = useForm({
    initialValues: { email: "", password: "" },
    validate: {
      email: (value) => (value.trim() === "" ? t("form.required") : null),
      password: (value) => (value === "" ? t("form.required") : null),
    },
  });
  const login = useMutation({
    mutationFn: (body: { email: string; password: string }) => take(api.POST("/api/v1/session", { body })),
    onSuccess: async (session) => {
      // A language chosen on this page is meant to stay.
      const user = chosen === undefined ? session.user : { ...session.user, language: chosen };
      await enter({ ...session, user });
      if (chosen !== undefined && chosen !== session.user.language) {
        await changeProfile({ language: chosen }).catch(() => undefined);
      }
      await router.navigate({ href: localPath(next), replace: true });
    },
  });
  const choose = (language: Language) => {
    setChosen(language);
    login.reset();
    void switchLanguage(language);
  };
  return (
    <div className={css.page}>
      <header className={css.top}>
        <LanguageMenu onChoose={choose} />
      </header>
      <main className={css.box}>
        <div className={css.brand}>
          <Logo size={32} /> Poststelle
        </div>
        <h1>{t("login.title")}</h1>
        {next === undefined ? null : <p className={css.lead}>{t("login.toGoOn")}</p>}
        <form onSubmit={form.onSubmit((values) => login.mutate({ ...values, email: values.email.trim() }))} noValidate>
          <Stack>
            <TextInput
              label={t("form.email")}
              type="email"
              autoComplete="username"
              autoFocus
              {...form.getInputProps("email")}
            />
            <PasswordInput
              label={t("form.password")}
              autoComplete="current-password"
              visibilityToggleButtonProps={{ "aria-label": t("form.showPassword") }}
              {...form.getInputProps("password")}
            />
            {login.error === null ? null : <LoginFailure error={login.error} />}
            <Button type="submit" size="md" loading={login.isPending}>
              {t("login.submit")}
            </Button>
          </Stack>
        </form>
      </main>
    </div>
  );
}

function LoginFailure({ error }: { error: Error }) {
  const { t } = useTranslation();
  if (isProblem(error, 429)) {
    return <Throttled key={error.message} error={error} seconds={error.retryAfter ?? 30} />;
  }
  if (isProblem(error, 401)) {
    return (
      <Notice tone="danger" title={error.title} live>
        {error.detail ?? t("login.wrong")}
      </Notice>
    );
  }
  return <Failure error={error} what={t("login.failed")} />;
}

/** Counts down to the next attempt. */
function Throttled({ error, seconds }: { error: Error; seconds: number }) {
  const { t } = useTranslation();
  const [left, setLeft] = useState(Math.ceil(seconds));
  useEffect(() => {
    const timer = setInterval(() => setLeft((before) => Math.max(0, before - 1)), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <Notice tone="warn" title={error.message} live>
      {left > 0 ? t("login.wait", { count: left }) : t("login.again")}
    </Notice>
  );
}
