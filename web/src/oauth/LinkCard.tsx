import { Anchor, Button, Group, Menu } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { accountsQuery } from "../api/queries";
import type { Account } from "../api/types";
import { useFormats } from "../lang/format";
import { Failure } from "../parts/Failure";
import { Notice, Pill, type Tone } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { RemoveDialog } from "../parts/RemoveDialog";
import { tell } from "../parts/toast";
import { CopyLine } from "./CopyLine";
import { clientsQuery, type OauthLink, type OauthWay } from "./queries";

const TONES: Record<OauthLink["state"], Tone> = {
  unlinked: "warn",
  linked: "ok",
  consent: "danger",
  admin_consent: "danger",
  settings: "danger",
};
/** What expires within so many days is shown in colour. */
const SOON_DAYS = 14;
const DAY_MS = 86_400_000;
const WAITING_MS = 3000;

/** Where the tokens of an account come from: as whom, since when, until when; link, renew, unlink. */
export function LinkCard({ account, link }: { account: Account; link: OauthLink }) {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const [unlinking, setUnlinking] = useState(false);
  const { data: clients } = useQuery(clientsQuery);
  const { data: accounts } = useQuery(accountsQuery);
  const path = { account_id: account.id };
  // The person types the code in elsewhere, and the page hears of it sooner or later.
  useQuery({
    queryKey: ["accounts", account.id, "device"],
    queryFn: () => cache.invalidateQueries({ queryKey: ["accounts", account.id], exact: true }).then(() => true),
    enabled: link.device != null && link.device.failed == null,
    refetchInterval: WAITING_MS,
  });
  const refresh = () => cache.invalidateQueries({ queryKey: ["accounts"] });
  const start = useMutation({
    mutationFn: ({ way, other }: { way: OauthWay; other?: string }) =>
      take(
        api.POST("/api/v1/accounts/{account_id}/oauth", { params: { path }, body: { way, account: other ?? null } }),
      ),
    onSuccess: async ({ url }) => {
      if (url != null) {
        window.location.assign(url);
        return;
      }
      await refresh();
    },
  });
  const confirm = useMutation({
    mutationFn: () => take(api.POST("/api/v1/accounts/{account_id}/oauth/confirmation", { params: { path } })),
    onSuccess: refresh,
  });
  const client = clients?.items.find(({ id }) => id === link.client);
  const others = (accounts ?? []).filter(
    (other) => other.id !== account.id && other.connection?.oauth?.client === link.client && other.connection.oauth.person != null,
  );
  return (
    <section className={page.card}>
      <div className={page.cardHead}>
        <h2>{t("oauth.link")}</h2>
        <Pill tone={TONES[link.state]}>{t(`oauth.states.${link.state}`)}</Pill>
      </div>
      <Facts link={link} />
      {link.state === "linked" || link.state === "unlinked" ? null : (
        <div className={page.spaced}>
          <Notice tone="danger" title={t(`oauth.needs.${link.state}`)}>
            {link.trouble == null ? null : <div className={page.mono}>{link.trouble}</div>}
          </Notice>
        </div>
      )}
      {client?.admin_consent_url != null && link.state !== "linked" ? (
        <p>
          {t("oauth.adminConsentWhat")}{" "}
          <Anchor href={client.admin_consent_url} target="_blank" rel="noreferrer">
            {t("oauth.adminConsent")}
          </Anchor>
        </p>
      ) : null}
      {link.waiting == null ? null : (
        <div className={page.spaced}>
          <Notice
            tone="warn"
            title={t("oauth.waiting")}
            actions={
              <Button size="xs" loading={confirm.isPending} onClick={() => confirm.mutate()}>
                {t("oauth.confirm")}
              </Button>
            }
          >
            {t(link.waiting === "" ? "oauth.waitingNobody" : "oauth.waitingWhat", {
              person: link.waiting,
              login: account.connection?.login ?? "",
            })}
          </Notice>
        </div>
      )}
      {link.device == null ? null : <DeviceCode device={link.device} />}
      {start.error === null ? null : <Failure error={start.error} what={t("oauth.notLinked")} />}
      {confirm.error === null ? null : <Failure error={confirm.error} what={t("oauth.notLinked")} />}
      <Group mt="md" gap="xs">
        <Button loading={start.isPending} onClick={() => start.mutate({ way: "browser" })}>
          {t(link.person == null && !link.application ? "oauth.start" : "oauth.renew")}
        </Button>
        <Menu position="bottom-start">
          <Menu.Target>
            <Button variant="default" rightSection={<IconChevronDown size={15} aria-hidden />}>
              {t("oauth.otherWays")}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item disabled={client?.device_codes === false} onClick={() => start.mutate({ way: "device" })}>
              {t("oauth.ways.device")}
            </Menu.Item>
            <Menu.Item
              disabled={client?.application_login !== true}
              onClick={() => start.mutate({ way: "application" })}
            >
              {t("oauth.ways.application")}
            </Menu.Item>
            {others.map((other) => (
              <Menu.Item key={other.id} onClick={() => start.mutate({ way: "account", other: other.id })}>
                {t("oauth.ways.account", { name: other.name, person: other.connection?.oauth?.person ?? "" })}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
        {link.state === "unlinked" && link.waiting == null && link.device == null ? null : (
          <Button variant="default" onClick={() => setUnlinking(true)}>
            {t("oauth.unlink")}
          </Button>
        )}
      </Group>
      {unlinking ? (
        <RemoveDialog
          title={t("oauth.unlinkTitle", { name: account.name })}
          means={t("oauth.unlinkMeans")}
          label={t("oauth.unlinkNow")}
          failed={t("oauth.notUnlinked")}
          remove={async () => {
            const { revoked } = await take(api.DELETE("/api/v1/accounts/{account_id}/oauth", { params: { path } }));
            tell(t(revoked ? "oauth.unlinked" : "oauth.unlinkedHere"));
          }}
          onRemoved={refresh}
          onClose={() => setUnlinking(false)}
        />
      ) : null}
    </section>
  );
}

function Facts({ link }: { link: OauthLink }) {
  const { t } = useTranslation();
  const { shortDate, ago } = useFormats();
  const rows: [string, string | null][] = [
    [t("oauth.service"), link.client_name],
    [t("oauth.as"), link.application ? t("oauth.application") : (link.person ?? null)],
    [t("oauth.since"), link.since == null ? null : shortDate(link.since)],
    [t("oauth.refreshed"), link.refreshed == null ? null : ago(link.refreshed)],
    [t("oauth.consentUntil"), link.consent_until == null ? null : shortDate(link.consent_until)],
    [t("oauth.secretUntil"), link.secret_expires == null ? null : shortDate(link.secret_expires)],
  ];
  const [now] = useState(() => Date.now());
  const ends = [link.consent_until, link.secret_expires].filter((end) => end != null);
  const soon = ends.some((end) => Date.parse(end) - now < SOON_DAYS * DAY_MS);
  return (
    <>
      <dl className={page.facts}>
        {rows.map(([label, value]) =>
          value === null ? null : (
            <div key={label} style={{ display: "contents" }}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ),
        )}
      </dl>
      {soon ? (
        <div className={page.spaced}>
          <Notice tone="warn">{t("oauth.endsSoon")}</Notice>
        </div>
      ) : null}
    </>
  );
}

function DeviceCode({ device }: { device: NonNullable<OauthLink["device"]> }) {
  const { t } = useTranslation();
  const { ago } = useFormats();
  if (device.failed != null) {
    return (
      <div className={page.spaced}>
        <Notice tone="danger" title={t("oauth.deviceFailed")}>
          {device.failed}
        </Notice>
      </div>
    );
  }
  return (
    <div className={page.spaced}>
      <Notice tone="info" title={t("oauth.deviceWhat")}>
        <CopyLine label={t("oauth.deviceAt")} value={device.verification_uri} />
        <CopyLine label={t("oauth.deviceCode")} value={device.user_code} />
        <p>
          {t("oauth.deviceUntil", { ago: ago(device.expires) })}{" "}
          <Anchor href={device.verification_uri_complete ?? device.verification_uri} target="_blank" rel="noreferrer">
            {t("oauth.deviceOpen")}
          </Anchor>
        </p>
      </Notice>
    </div>
  );
}
