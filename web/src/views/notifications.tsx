import { Button, Group, NumberInput, Select, Stack, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { useMayAdminister } from "../api/session";
import { useFormats } from "../lang/format";
import { kindName } from "../outgoing/kindName";
import { OutgoingRows } from "../outgoing/OutgoingRows";
import css from "../outgoing/outgoing.module.css";
import { mailsQuery, noticesQuery, type Notifications, notificationsQuery, type NoticeWay } from "../outgoing/queries";
import { zoneNames } from "../outgoing/zones";
import { AdminPage } from "../parts/AdminPage";
import { FormEnd } from "../parts/FormEnd";
import { Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PlainLink } from "../parts/PlainLink";
import { tell } from "../parts/toast";

const WAYS: readonly NoticeWay[] = ["page", "at_once", "digest"];

/** Who hears of what, and what happened lately. */
export function NotificationSettings() {
  const { t } = useTranslation();
  const administrator = useMayAdminister();
  const query = useQuery({ ...notificationsQuery, enabled: administrator });
  const { data } = query;
  const notices = useQuery({ ...noticesQuery, enabled: administrator }).data ?? [];
  const mails = useQuery({ ...mailsQuery, enabled: administrator }).data ?? [];
  const { shortDate } = useFormats();
  return (
    <AdminPage title={t("notifications.title")} lead={t("notifications.lead")} of={query} failed={t("notifications.failed")}>
      <div className={page.stack}>
        {data === undefined ? null : <Form key={JSON.stringify(data)} kept={data} />}
        <section className={page.card}>
          <h2>{t("notifications.latest")}</h2>
          {notices.length === 0 ? <p className={page.dimmed}>{t("notifications.nothing")}</p> : null}
          <ul className={css.notices}>
            {notices.map((one) => (
              <li key={one.id}>
                <span className={page.dimmed}>{shortDate(one.at)}</span>
                <PlainLink to={one.path}>{one.text}</PlainLink>
              </li>
            ))}
          </ul>
        </section>
        <section className={page.card}>
          <h2>{t("notifications.sent")}</h2>
          <OutgoingRows items={mails} label={t("notifications.sent")} />
        </section>
      </div>
    </AdminPage>
  );
}

function Form({ kept }: { kept: Notifications }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [recipients, setRecipients] = useState(kept.recipients);
  const [ways, setWays] = useState(kept.ways);
  const [hour, setHour] = useState(kept.digest_hour);
  const [zone, setZone] = useState(kept.zone);
  const zones = useMemo(() => zoneNames(kept.zone), [kept.zone]);
  const save = useMutation({
    mutationFn: () => take(api.PUT("/api/v1/notifications", { body: { recipients, ways, digest_hour: hour, zone } })),
    onSuccess: async () => {
      tell(t("notifications.saved"));
      await client.invalidateQueries({ queryKey: ["notifications"] });
    },
  });
  const change = (at: number, with_: Partial<Notifications["recipients"][number]>) =>
    setRecipients(recipients.map((one, index) => (index === at ? { ...one, ...with_ } : one)));
  return (
    <form
      className={page.card}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Stack>
        {kept.sender === null ? <Notice tone="warn">{t("notifications.noSender")}</Notice> : null}
        <h2>{t("notifications.recipients")}</h2>
        {recipients.map((one, at) => (
          <div key={at} className={css.recipient}>
            <TextInput
              label={t("notifications.address")}
              type="email"
              required
              value={one.address}
              onChange={(event) => change(at, { address: event.currentTarget.value })}
            />
            <Select
              label={t("notifications.language")}
              allowDeselect={false}
              data={[
                { value: "de", label: "Deutsch" },
                { value: "en", label: "English" },
              ]}
              value={one.language}
              onChange={(value) => change(at, { language: value === "de" ? "de" : "en" })}
            />
            <Button variant="default" onClick={() => setRecipients(recipients.filter((_, index) => index !== at))}>
              {t("notifications.takeAway")}
            </Button>
          </div>
        ))}
        <Group>
          <Button variant="default" onClick={() => setRecipients([...recipients, { address: "", language: "de" }])}>
            {t("notifications.addRecipient")}
          </Button>
        </Group>
        <h2>{t("notifications.what")}</h2>
        <div className={css.ways}>
          {Object.keys(ways).map((kind) => (
            <Select
              key={kind}
              label={kindName(t, kind)}
              allowDeselect={false}
              data={WAYS.map((way) => ({ value: way, label: t(`notifications.ways.${way}`) }))}
              value={ways[kind] ?? "page"}
              onChange={(value) => setWays({ ...ways, [kind]: WAYS.find((way) => way === value) ?? "page" })}
            />
          ))}
        </div>
        <Group grow>
          <NumberInput
            label={t("notifications.hour")}
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
            limit={100}
            nothingFoundMessage={t("notifications.zoneNone")}
            value={zone}
            onChange={(value) => setZone(value ?? zone)}
          />
        </Group>
        <FormEnd save={save} label={t("notifications.save")} failed={t("notifications.notSaved")} />
      </Stack>
    </form>
  );
}
