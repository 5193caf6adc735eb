import { Button, Group, NumberInput, Select, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { useFormats } from "../lang/format";
import { zoneNames } from "../outgoing/zones";
import { Failure } from "../parts/Failure";
import { Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { tell } from "../parts/toast";
import { type AnchoringState, anchoringQuery, type CheckpointMailRequest } from "./queries";

const EVERY: readonly CheckpointMailRequest["every"][] = ["off", "daily", "weekly", "monthly"];

/** To whom the newest checkpoint goes by mail, and how that went. */
export function MailCard({ state }: { state: AnchoringState }) {
  const { t, i18n } = useTranslation();
  const { shortDate } = useFormats();
  const client = useQueryClient();
  const { mail } = state;
  const [text, setText] = useState(mail.addresses.join("\n"));
  const [every, setEvery] = useState(mail.every);
  const [hour, setHour] = useState(mail.hour);
  const [zone, setZone] = useState(mail.zone);
  // Until it is set it is that of who looks.
  const own = i18n.language.startsWith("de") ? "de" : "en";
  const [language, setLanguage] = useState(mail.addresses.length === 0 ? own : mail.language);
  const zones = useMemo(() => zoneNames(mail.zone), [mail.zone]);
  const addresses = text.split(/[\s,;]+/u).filter((address) => address !== "");
  const save = useMutation({
    mutationFn: () => take(api.PUT("/api/v1/anchoring/mail", { body: { addresses, every, hour, zone, language } })),
    onSuccess: (saved) => {
      client.setQueryData(anchoringQuery.queryKey, saved);
      setText(saved.mail.addresses.join("\n"));
      tell(t("anchoring.mailSaved"));
    },
  });
  const send = useMutation({
    mutationFn: () => take(api.POST("/api/v1/anchoring/mail/send")),
    onSuccess: () => {
      tell(t("anchoring.sending"));
      void client.invalidateQueries({ queryKey: anchoringQuery.queryKey });
    },
  });
  return (
    <form
      className={`${page.card} ${page.stack}`}
      aria-label={t("anchoring.mail")}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <h2>{t("anchoring.mail")}</h2>
      <p className={page.dimmed}>{t("anchoring.mailHelp")}</p>
      {state.can_send ? null : <Notice tone="info">{t("anchoring.noServer")}</Notice>}
      {mail.error === null ? null : (
        <Notice tone="warn" title={t("anchoring.mailFails")}>
          {mail.error}
        </Notice>
      )}
      {mail.sent === null ? null : (
        <p>{t("anchoring.mailSent", { when: shortDate(mail.sent), count: mail.sent_entries })}</p>
      )}
      <Textarea
        label={t("anchoring.addresses")}
        description={t("anchoring.addressesHelp")}
        autosize
        minRows={2}
        maxRows={10}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Group gap="sm" align="flex-end">
        <Select
          label={t("anchoring.every")}
          data={EVERY.map((value) => ({ value, label: t(`anchoring.everyWord.${value}`) }))}
          allowDeselect={false}
          value={every}
          onChange={(value) => setEvery(EVERY.find((one) => one === value) ?? every)}
        />
        <NumberInput
          label={t("anchoring.hour")}
          min={0}
          max={23}
          allowDecimal={false}
          value={hour}
          onChange={(value) => setHour(typeof value === "number" ? value : hour)}
        />
        <Select
          label={t("notifications.zone")}
          data={zones}
          searchable
          allowDeselect={false}
          nothingFoundMessage={t("notifications.zoneNone")}
          value={zone}
          onChange={(value) => setZone(value ?? zone)}
        />
        <Select
          label={t("anchoring.language")}
          data={[
            { value: "de", label: "Deutsch" },
            { value: "en", label: "English" },
          ]}
          allowDeselect={false}
          value={language}
          onChange={(value) => setLanguage(value === "de" ? "de" : "en")}
        />
      </Group>
      {save.error === null ? null : <Failure error={save.error} what={t("anchoring.mailNotSaved")} />}
      {send.error === null ? null : <Failure error={send.error} what={t("anchoring.notSent")} />}
      <div className={page.row}>
        <Button
          variant="default"
          disabled={mail.addresses.length === 0 || !state.can_send}
          loading={send.isPending}
          onClick={() => send.mutate()}
        >
          {t("anchoring.sendNow")}
        </Button>
        <Button type="submit" loading={save.isPending}>
          {t("form.save")}
        </Button>
      </div>
    </form>
  );
}
