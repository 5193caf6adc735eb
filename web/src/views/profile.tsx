import { Autocomplete, Button, Group, PasswordInput, SegmentedControl, Select, Stack, Switch, TextInput, useMantineColorScheme } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { isProblem } from "../api/problem";
import { changeProfile, useSession } from "../api/session";
import type { Language, ProfileChange } from "../api/types";
import { setSingleKeys, useSingleKeys } from "../keys/setting";
import { switchLanguage } from "../lang/i18n";
import { LANGUAGES } from "../lang/language";
import { setDensity, useDensity } from "../list/density";
import { Failure } from "../parts/Failure";
import { LANGUAGE_NAMES } from "../parts/LanguageMenu";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { PASSWORD_MIN } from "../parts/password";
import { tell } from "../parts/toast";

/** One's own name, language, colours, keys and password. */
export function Profile() {
  const { t } = useTranslation();
  const { user } = useSession();
  return (
    <div className={page.inner}>
      <PageHead title={t("profile.title")} lead={t("profile.lead", { email: user.email, role: t(`roles.${user.role}`) })} />
      <Stack gap="lg">
        <Person />
        <Display />
        <Password />
      </Stack>
    </div>
  );
}

function useChange(saved: string) {
  return useMutation({
    mutationFn: (change: ProfileChange) => changeProfile(change),
    onSuccess: () => tell(saved),
  });
}

function Person() {
  const { t } = useTranslation();
  const { user } = useSession();
  const change = useChange(t("profile.saved"));
  const zones = useMemo(() => Intl.supportedValuesOf("timeZone"), []);
  const form = useForm({
    initialValues: { name: user.name, zone: user.zone ?? "" },
    validate: {
      name: (name) => (name.trim() === "" ? t("form.required") : null),
      zone: (zone) => (isZone(zone) ? null : t("profile.zoneUnknown")),
    },
  });
  return (
    <form className={page.card} onSubmit={form.onSubmit((values) => change.mutate(values))}>
      <Stack>
        <h2>{t("profile.person")}</h2>
        <TextInput label={t("form.name")} autoComplete="name" maxLength={200} {...form.getInputProps("name")} />
        <Autocomplete
          label={t("profile.zone")}
          description={t("profile.zoneHint")}
          placeholder={Intl.DateTimeFormat().resolvedOptions().timeZone}
          data={zones}
          limit={40}
          {...form.getInputProps("zone")}
        />
        {change.error === null ? null : <Failure error={change.error} what={t("profile.notSaved")} />}
        <Group>
          <Button type="submit" loading={change.isPending} disabled={!form.isDirty()}>
            {t("form.save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone === "" ? undefined : zone });
    return true;
  } catch {
    return false;
  }
}

/** Takes effect at once; nothing to be saved. */
function Display() {
  const { t, i18n } = useTranslation();
  const { user } = useSession();
  const change = useChange(t("profile.saved"));
  const { setColorScheme } = useMantineColorScheme();
  const density = useDensity();
  const single = useSingleKeys();
  const setLanguage = async (language: Language) => {
    await switchLanguage(language);
    change.mutate({ language });
  };
  return (
    <section className={page.card}>
      <Stack>
        <h2>{t("profile.display")}</h2>
        <Select
          label={t("shell.language")}
          allowDeselect={false}
          value={i18n.language}
          data={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
          onChange={(value) => void setLanguage(value as Language)}
        />
        <Choice label={t("profile.theme")}>
          <SegmentedControl
            aria-label={t("profile.theme")}
            value={user.theme}
            onChange={(value) => {
              const theme = value;
              setColorScheme(theme);
              change.mutate({ theme });
            }}
            data={(["auto", "light", "dark"] as const).map((value) => ({ value, label: t(`profile.themes.${value}`) }))}
          />
        </Choice>
        <Choice label={t("profile.density")}>
          <SegmentedControl
            aria-label={t("profile.density")}
            value={density}
            onChange={(value) => setDensity(value)}
            data={[
              { value: "normal", label: t("profile.densities.normal") },
              { value: "compact", label: t("profile.densities.compact") },
            ]}
          />
        </Choice>
        <Switch
          checked={single}
          onChange={(event) => setSingleKeys(event.currentTarget.checked)}
          label={t("keys.single")}
          description={t("keys.singleHint")}
        />
        {change.error === null ? null : <Failure error={change.error} what={t("profile.notSaved")} />}
      </Stack>
    </section>
  );
}

function Choice({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <Stack gap={4} align="flex-start">
      <span className={page.label}>{label}</span>
      {children}
    </Stack>
  );
}

function Password() {
  const { t } = useTranslation();
  const change = useChange(t("profile.passwordChanged"));
  const form = useForm({
    initialValues: { current_password: "", password: "", again: "" },
    validate: {
      current_password: (value) => (value === "" ? t("form.required") : null),
      password: (value) => (value.length < PASSWORD_MIN ? t("form.passwordShort", { min: PASSWORD_MIN }) : null),
      again: (value, values) => (value === values.password ? null : t("form.passwordsDiffer")),
    },
  });
  const submit = form.onSubmit(({ current_password, password }) =>
    change.mutate(
      { current_password, password },
      {
        onSuccess: () => form.reset(),
        onError: (error) => {
          const field = isProblem(error) ? error.members["field"] : undefined;
          if (field === "current_password") {
            form.setFieldError("current_password", error.message);
          }
        },
      },
    ),
  );
  return (
    <form className={page.card} onSubmit={submit}>
      <Stack>
        <h2>{t("profile.password")}</h2>
        <PasswordInput
          label={t("profile.currentPassword")}
          autoComplete="current-password"
          {...form.getInputProps("current_password")}
        />
        <PasswordInput
          label={t("profile.newPassword")}
          description={t("form.passwordHint", { min: PASSWORD_MIN })}
          autoComplete="new-password"
          {...form.getInputProps("password")}
        />
        <PasswordInput label={t("form.passwordAgain")} autoComplete="new-password" {...form.getInputProps("again")} />
        {change.error === null ? null : <Failure error={change.error} what={t("profile.passwordNotChanged")} />}
        <Group>
          <Button type="submit" loading={change.isPending}>
            {t("profile.changePassword")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
