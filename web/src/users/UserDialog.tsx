import { Modal, MultiSelect, PasswordInput, Radio, Select, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { isProblem } from "../api/problem";
import { accountsQuery } from "../api/queries";
import { useSession } from "../api/session";
import type { Language, Role, User } from "../api/types";
import { LANGUAGES } from "../lang/language";
import { FormEnd } from "../parts/FormEnd";
import { LANGUAGE_NAMES } from "../parts/LanguageMenu";
import { useIsNarrow } from "../parts/Panes";
import { PASSWORD_MIN } from "../parts/password";
import { begin, dayOf, end, lastDayOf } from "../parts/days";
import { tell } from "../parts/toast";

const ROLES: readonly Role[] = ["agent", "auditor", "administrator"];

/** A new user, or changes of one. */
export function UserDialog({ user, onClose }: { user: User | undefined; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const narrow = useIsNarrow();
  const client = useQueryClient();
  const me = useSession().user.id;
  const accounts = useQuery(accountsQuery).data ?? [];
  const form = useForm({
    initialValues: {
      name: user?.name ?? "",
      email: user?.email ?? "",
      role: user?.role ?? ("agent"),
      language: user?.language ?? (i18n.language as Language),
      accounts: user?.accounts ?? [],
      from: dayOf(user?.limits.mails_from),
      until: lastDayOf(user?.limits.mails_until),
      expires: lastDayOf(user?.limits.expires),
      password: "",
    },
    validate: {
      name: (value) => (value.trim() === "" ? t("form.required") : null),
      email: (value) => (/^\S+@\S+$/u.test(value.trim()) ? null : t("form.emailBroken")),
      password: (value) =>
        (user === undefined || value !== "") && value.length < PASSWORD_MIN
          ? t("form.passwordShort", { min: PASSWORD_MIN })
          : null,
    },
  });
  const save = useMutation({
    mutationFn: ({ password, from, until, expires, ...values }: typeof form.values) => {
      const auditor = values.role === "auditor";
      const limits = {
        mails_from: auditor ? begin(from) : null,
        mails_until: auditor ? end(until) : null,
        expires: auditor ? end(expires) : null,
      };
      return user === undefined
        ? take(api.POST("/api/v1/users", { body: { ...values, limits, password } }))
        : take(
            api.PATCH("/api/v1/users/{user_id}", {
              params: { path: { user_id: user.id } },
              body: { ...values, limits, ...(password !== "" && { password }) },
            }),
          );
    },
    onSuccess: async (saved) => {
      onClose();
      tell(t("users.saved", { name: saved.name }));
      await client.invalidateQueries({ queryKey: ["users"] });
      if (saved.id === me) {
        await client.refetchQueries({ queryKey: ["session"] });
        await client.invalidateQueries();
      }
    },
    onError: (error) => {
      const field = isProblem(error) ? error.members["field"] : undefined;
      const named = field === "mails_until" ? "until" : field;
      if (isProblem(error) && typeof named === "string" && named in form.values) {
        form.setFieldError(named, error.detail ?? error.title);
      }
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      fullScreen={narrow}
      title={user === undefined ? t("users.add") : user.name}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
        <Stack>
          <TextInput label={t("form.name")} autoComplete="off" data-autofocus {...form.getInputProps("name")} />
          <TextInput label={t("form.email")} type="email" autoComplete="off" {...form.getInputProps("email")} />
          <Radio.Group label={t("users.role")} {...form.getInputProps("role")}>
            <Stack gap={8} mt={6}>
              {ROLES.map((role) => (
                <Radio key={role} value={role} label={t(`roles.${role}`)} description={t(`roles.${role}_what`)} />
              ))}
            </Stack>
          </Radio.Group>
          <MultiSelect
            label={t("users.reads")}
            description={t("users.readsWhat")}
            placeholder={form.values.accounts.length === 0 ? t("users.readsNone") : undefined}
            data={accounts.map(({ id, name }) => ({ value: id, label: name }))}
            searchable
            clearable
            {...form.getInputProps("accounts")}
          />
          {form.values.role === "auditor" ? (
            <>
              <TextInput
                type="date"
                label={t("users.mailsFrom")}
                description={t("users.periodWhat")}
                {...form.getInputProps("from")}
              />
              <TextInput type="date" label={t("users.mailsUntil")} {...form.getInputProps("until")} />
              <TextInput
                type="date"
                label={t("users.expires")}
                description={t("users.expiresWhat")}
                {...form.getInputProps("expires")}
              />
            </>
          ) : null}
          <Select
            label={t("shell.language")}
            allowDeselect={false}
            data={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
            {...form.getInputProps("language")}
          />
          <PasswordInput
            label={user === undefined ? t("form.password") : t("profile.newPassword")}
            description={
              user === undefined
                ? t("form.passwordHint", { min: PASSWORD_MIN })
                : t("users.passwordKept", { min: PASSWORD_MIN })
            }
            autoComplete="new-password"
            visibilityToggleButtonProps={{ "aria-label": t("form.showPassword") }}
            {...form.getInputProps("password")}
          />
          <FormEnd
            save={save}
            label={user === undefined ? t("users.create") : t("form.save")}
            failed={t("users.notSaved")}
            onCancel={onClose}
          />
        </Stack>
      </form>
    </Modal>
  );
}
