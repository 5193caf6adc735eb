import { Button, Stack, Switch, Textarea, TextInput } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { IconPlugConnected, IconRefresh, IconShieldCheck } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done, take } from "../api/client";
import { useMayAdminister } from "../api/session";
import { type AttachmentSettings, attachmentsQuery, type HeldAttachment, heldQuery } from "../attachments/queries";
import { FilterTest } from "../attachments/FilterTest";
import { Release } from "../attachments/Release";
import { useHoldText } from "../attachments/useHoldText";
import { useFormats } from "../lang/format";
import { AdminPage } from "../parts/AdminPage";
import { ButtonLink } from "../parts/ButtonLink";
import { Failure } from "../parts/Failure";
import { FormEnd } from "../parts/FormEnd";
import { Loading } from "../parts/Loading";
import { More } from "../parts/More";
import { Empty, Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { tell } from "../parts/toast";
import { wordOr } from "../reader/words";

/** What is held, the scanner, who mails are from; and every held attachment. */
export function AttachmentRules() {
  const { t } = useTranslation();
  const administrator = useMayAdminister();
  const query = useQuery({ ...attachmentsQuery, enabled: administrator });
  const { data } = query;
  return (
    <AdminPage title={t("attachments.title")} lead={t("attachments.lead")} of={query} failed={t("attachments.failed")}>
      {data === undefined ? null : (
        <div className={page.stack}>
          <Scanner key={data.scanner} kept={data} />
          <Policy key={`policy ${data.version}`} kept={data} />
          <Origins kept={data} />
          <Held />
        </div>
      )}
    </AdminPage>
  );
}

function useSave() {
  const { t } = useTranslation();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Parameters<typeof put>[0]) => put(body),
    onSuccess: async (settings) => {
      client.setQueryData(attachmentsQuery.queryKey, settings);
      tell(t("attachments.saved"));
      await client.invalidateQueries({ queryKey: ["attachments", "held"] });
      // Another policy judges mails that were opened before, too.
      await client.invalidateQueries({ queryKey: ["message"] });
    },
  });
}

function put(
  body: Partial<Pick<AttachmentSettings, "policy" | "authenticate" | "name_servers" | "trusted_hosts" | "authserv_ids">> & {
    scanner?: string;
    spam_filter?: string;
  },
) {
  return take(api.PUT("/api/v1/attachments/settings", { body }));
}

function Scanner({ kept }: { kept: AttachmentSettings }) {
  const { t } = useTranslation();
  const [address, setAddress] = useState(kept.scanner ?? "");
  const save = useSave();
  const test = useMutation({
    mutationFn: () => take(api.POST("/api/v1/attachments/scanner/test", { body: { scanner: address } })),
  });
  const rescan = useMutation({
    mutationFn: () => done(api.POST("/api/v1/attachments/rescan", { body: {} })),
    onSuccess: () => tell(t("attachments.rescanned")),
  });
  return (
    <form
      className={page.card}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate({ scanner: address });
      }}
    >
      <Stack>
        <div>
          <h2>{t("attachments.scanner")}</h2>
          <div className={page.dimmed}>{t("attachments.scannerLead")}</div>
        </div>
        <ScannerState kept={kept} />
        <TextInput
          label={t("attachments.address")}
          description={t("attachments.addressHelp")}
          value={address}
          onChange={(event) => setAddress(event.currentTarget.value)}
        />
        <div aria-live="polite">
          {test.data === undefined ? null : test.data.error !== null ? (
            <Notice tone="danger">{t("attachments.testBad", { error: test.data.error })}</Notice>
          ) : test.data.test_file === null ? (
            <Notice tone="warn">{t("attachments.testBlind", { version: test.data.version ?? "" })}</Notice>
          ) : (
            <Notice tone="ok">
              {t("attachments.testGood", { version: test.data.version ?? "", name: test.data.test_file })}
            </Notice>
          )}
        </div>
        {test.error === null ? null : <Failure error={test.error} what={t("attachments.testFailed")} />}
        {rescan.error === null ? null : <Failure error={rescan.error} what={t("attachments.notRescanned")} />}
        <FormEnd save={save} label={t("attachments.save")} failed={t("attachments.notSaved")}>
          {kept.scanner === null ? null : (
            <Button
              variant="default"
              leftSection={<IconRefresh size={17} aria-hidden />}
              loading={rescan.isPending}
              onClick={() => rescan.mutate()}
            >
              {t("attachments.rescan")}
            </Button>
          )}
          <Button
            variant="light"
            leftSection={<IconPlugConnected size={17} aria-hidden />}
            loading={test.isPending}
            disabled={address.trim() === ""}
            onClick={() => test.mutate()}
          >
            {t("attachments.test")}
          </Button>
        </FormEnd>
      </Stack>
    </form>
  );
}

function ScannerState({ kept }: { kept: AttachmentSettings }) {
  const { t } = useTranslation();
  const { status } = kept;
  return (
    <dl className={page.facts}>
      <dt>{t("attachments.state")}</dt>
      <dd>
        {kept.scanner === null
          ? t("attachments.off")
          : status.reachable
            ? t("attachments.up")
            : t("attachments.down", { error: status.error ?? "" })}
      </dd>
      {kept.scanner === null || status.version === null ? null : (
        <>
          <dt>{t("attachments.version")}</dt>
          <dd>{status.version}</dd>
        </>
      )}
      {kept.scanner === null ? null : (
        <>
          <dt>{t("attachments.waiting")}</dt>
          <dd>{t("attachments.waitingMails", { count: kept.waiting })}</dd>
        </>
      )}
      {kept.unseen === 0 ? null : (
        <>
          <dt>{t("attachments.unseen")}</dt>
          <dd>{t("attachments.waitingMails", { count: kept.unseen })}</dd>
        </>
      )}
      <dt>{t("attachments.heldCount")}</dt>
      <dd>{t("attachments.heldParts", { count: kept.held })}</dd>
    </dl>
  );
}

function Policy({ kept }: { kept: AttachmentSettings }) {
  const { t } = useTranslation();
  const [policy, setPolicy] = useState(kept.policy);
  const save = useSave();
  return (
    <form
      className={page.card}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate({ policy });
      }}
    >
      <Stack>
        <div>
          <h2>{t("attachments.policy")}</h2>
          <div className={page.dimmed}>{t("attachments.policyLead", { version: kept.version })}</div>
        </div>
        {policy.map((one) => (
          <Switch
            key={one.class}
            label={wordOr(t, `attachments.classes.${one.class}`, one.class)}
            description={wordOr(t, `attachments.why.${one.class}`, "")}
            checked={one.hold}
            onChange={(event) => {
              const hold = event.currentTarget.checked;
              setPolicy(policy.map((other) => (other.class === one.class ? { ...other, hold } : other)));
            }}
          />
        ))}
        <FormEnd save={save} label={t("attachments.save")} failed={t("attachments.notSaved")} />
      </Stack>
    </form>
  );
}

const lines = (text: string) => text.split("\n").map((line) => line.trim()).filter((line) => line !== "");

function Origins({ kept }: { kept: AttachmentSettings }) {
  const { t } = useTranslation();
  const [authenticate, setAuthenticate] = useState(kept.authenticate);
  const [servers, setServers] = useState(kept.name_servers.join("\n"));
  const [trusted, setTrusted] = useState(kept.trusted_hosts.join("\n"));
  const [filter, setFilter] = useState(kept.spam_filter ?? "");
  const [believed, setBelieved] = useState(kept.authserv_ids.join("\n"));
  const save = useSave();
  return (
    <form
      className={page.card}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate({
          authenticate,
          name_servers: lines(servers),
          trusted_hosts: lines(trusted),
          authserv_ids: lines(believed),
          spam_filter: filter.trim(),
        });
      }}
    >
      <Stack>
        <div>
          <h2>{t("attachments.origin")}</h2>
          <div className={page.dimmed}>{t("attachments.originLead")}</div>
        </div>
        <Switch
          label={t("attachments.authenticate")}
          checked={authenticate}
          onChange={(event) => setAuthenticate(event.currentTarget.checked)}
        />
        <Textarea
          label={t("attachments.trusted")}
          description={t("attachments.trustedHelp")}
          autosize
          minRows={2}
          value={trusted}
          onChange={(event) => setTrusted(event.currentTarget.value)}
        />
        <Textarea
          label={t("attachments.believed")}
          description={t("attachments.believedHelp")}
          autosize
          minRows={1}
          value={believed}
          onChange={(event) => setBelieved(event.currentTarget.value)}
        />
        <TextInput
          label={t("attachments.spamFilter")}
          description={t("attachments.spamFilterHelp")}
          placeholder="rspamd://127.0.0.1:11333"
          spellCheck={false}
          maxLength={300}
          value={filter}
          onChange={(event) => setFilter(event.currentTarget.value)}
        />
        <FilterTest address={filter} />
        <Textarea
          label={t("attachments.nameServers")}
          description={t("attachments.nameServersHelp")}
          autosize
          minRows={1}
          value={servers}
          onChange={(event) => setServers(event.currentTarget.value)}
        />
        <FormEnd save={save} label={t("attachments.save")} failed={t("attachments.notSaved")} />
      </Stack>
    </form>
  );
}

function Held() {
  const { t } = useTranslation();
  const held = useInfiniteQuery(heldQuery);
  const items = held.data?.pages.flatMap((one) => one.items) ?? [];
  return (
    <section className={page.card}>
      <h2>{t("attachments.held")}</h2>
      <Loading of={held} what={t("attachments.heldFailed")} height={110} />
      {held.isSuccess && items.length === 0 ? <Empty icon={IconShieldCheck}>{t("attachments.heldNone")}</Empty> : null}
      <div className={page.stack}>
        {items.map((item) => (
          <HeldItem key={`${item.mail_id} ${item.number}`} item={item} />
        ))}
      </div>
      <More of={held} label={t("attachments.more")} failed={t("attachments.heldFailed")} />
    </section>
  );
}

function HeldItem({ item }: { item: HeldAttachment }) {
  const { t } = useTranslation();
  const { octets, shortDate } = useFormats();
  const text = useHoldText();
  const name = item.name ?? t("attachments.nameless");
  const { released } = item.hold;
  return (
    <article className={page.card} aria-label={name}>
      <div className={page.cardHead}>
        <h3>{name}</h3>
      </div>
      <p>{text(item.hold)}</p>
      {released === null ? null : (
        <p>{t("attachments.released", { date: shortDate(released.at), reason: released.reason })}</p>
      )}
      <p className={page.dimmed}>
        {item.subject ?? t("attachments.noSubject")} · {octets(item.octets)}
      </p>
      <div className={`${page.row} ${page.spaced}`}>
        {item.readable ? (
          <ButtonLink size="xs" variant="default" to={`/m/${item.mail_id}`}>
            {t("attachments.openMail")}
          </ButtonLink>
        ) : null}
        <Release mailId={item.mail_id} number={item.number} name={name} released={released !== null} />
      </div>
    </article>
  );
}
