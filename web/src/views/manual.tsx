import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { IconEye, IconMoodSmile, IconShieldQuestion } from "@tabler/icons-react";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import { manualQueueQuery } from "../api/queries";
import { useSession } from "../api/session";
import type { QueueItem } from "../api/types";
import css from "../bounces/bounces.module.css";
import { EventEvidence } from "../bounces/EventEvidence";
import { addressPath, eventTone, looksLikeAddress } from "../bounces/states";
import { useFormats } from "../lang/format";
import { ButtonLink } from "../parts/ButtonLink";
import { Failure } from "../parts/Failure";
import { Loading } from "../parts/Loading";
import { More } from "../parts/More";
import { Empty, Notice, Pill } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { PlainLink } from "../parts/PlainLink";
import { tell } from "../parts/toast";
import { wordOr } from "../reader/words";

/** Reports that fit no mail; a person says what they are about. */
export function Manual() {
  const { t } = useTranslation();
  const queue = useInfiniteQuery(manualQueueQuery);
  const mayResolve = useSession().user.role !== "auditor";
  const items = queue.data?.pages.flatMap((one) => one.items) ?? [];
  return (
    <div className={page.page}>
      <div className={page.inner}>
        <PageHead title={t("manual.title")} lead={t("manual.lead")} />
        {mayResolve ? null : <Notice tone="info">{t("feedback.readOnly")}</Notice>}
        <Loading of={queue} what={t("manual.failed")} height={160} />
        {queue.isSuccess && items.length === 0 ? <Empty icon={IconMoodSmile}>{t("manual.none")}</Empty> : null}
        <div className={page.stack}>
          {items.map((item) => (
            <Item key={item.key} item={item} mayResolve={mayResolve} />
          ))}
        </div>
        <More of={queue} label={t("feedback.more")} failed={t("manual.moreFailed")} />
      </div>
    </div>
  );
}

function Item({ item, mayResolve }: { item: QueueItem; mayResolve: boolean }) {
  const { t } = useTranslation();
  const { shortDate } = useFormats();
  const { accounts } = useSession();
  const names = item.accounts.map((id) => accounts.find((account) => account.id === id)?.name).filter((name) => name);
  const subject = item.subject === "" ? t("list.noSubject") : item.subject;
  const { event } = item;
  const what = [
    ...(event.permanence === null ? [] : [t(`feedback.permanence.${event.permanence}`)]),
    ...(event.reason === null ? [] : [wordOr(t, `reasons.${event.reason}`, event.reason)]),
  ];
  return (
    <article className={page.card} aria-label={subject}>
      <div className={page.cardHead}>
        <h2>{subject}</h2>
        <Pill tone={eventTone(event)}>{wordOr(t, `feedback.kinds.${event.kind}`, event.kind)}</Pill>
        {item.suspicious ? (
          <Pill tone="warn" icon={IconShieldQuestion}>
            {t("manual.suspicious")}
          </Pill>
        ) : null}
        <time className={`${page.dimmed} ${page.end}`} dateTime={event.at}>
          {shortDate(event.at)}
        </time>
      </div>
      <p className={page.dimmed}>{wordOr(t, `manual.why.${item.why}`, item.why)}</p>
      <dl className={page.facts}>
        <dt>{t("manual.recipient")}</dt>
        <dd>
          {item.recipient === null ? (
            t("manual.noRecipient")
          ) : (
            <PlainLink to={addressPath(item.recipient)} className={css.link}>
              {item.recipient}
            </PlainLink>
          )}
        </dd>
        {what.length === 0 ? null : (
          <>
            <dt>{t("manual.understood")}</dt>
            <dd>{what.join(" · ")}</dd>
          </>
        )}
        {names.length === 0 ? null : (
          <>
            <dt>{t("manual.accounts")}</dt>
            <dd>{names.join(", ")}</dd>
          </>
        )}
      </dl>
      <EventEvidence event={event} />
      <div className={`${page.row} ${page.spaced}`}>
        {mayResolve ? <Resolutions item={item} /> : null}
        <ButtonLink
          to={`/m/${item.mail_id}`}
          size="xs"
          variant="default"
          leftSection={<IconEye size={15} aria-hidden />}
        >
          {t("feedback.openMail")}
        </ButtonLink>
      </div>
    </article>
  );
}

function Resolutions({ item }: { item: QueueItem }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [asked, setAsked] = useState<"other" | "suspicious">();
  const resolve = useMutation({
    mutationFn: (address: string | null) =>
      done(
        api.POST("/api/v1/bounces/queue/{key}/resolution", {
          params: { path: { key: String(item.key) } },
          body: { address },
        }),
      ),
    onSuccess: async (_, address) => {
      setAsked(undefined);
      tell(address === null ? t("manual.ignored") : t("manual.resolved", { address }));
      await client.invalidateQueries({ queryKey: ["manual"] });
      await client.invalidateQueries({ queryKey: ["addresses"] });
      await client.invalidateQueries({ queryKey: ["dashboard"] });
    },
  });
  const { recipient } = item;
  return (
    <>
      {recipient === null ? null : (
        <Button
          size="xs"
          loading={resolve.isPending && resolve.variables === recipient}
          onClick={() => (item.suspicious ? setAsked("suspicious") : resolve.mutate(recipient))}
        >
          {t("manual.about", { address: recipient })}
        </Button>
      )}
      <Button size="xs" variant="default" onClick={() => setAsked("other")}>
        {t("manual.other")}
      </Button>
      <Button
        size="xs"
        variant="default"
        loading={resolve.isPending && resolve.variables === null}
        onClick={() => resolve.mutate(null)}
      >
        {t("manual.ignore")}
      </Button>
      {resolve.error !== null && asked === undefined ? (
        <Failure error={resolve.error} what={t("manual.notResolved")} />
      ) : null}
      {asked === "other" ? (
        <OtherDialog
          preset={recipient ?? ""}
          error={resolve.error}
          pending={resolve.isPending}
          onApply={resolve.mutate}
          onClose={() => setAsked(undefined)}
        />
      ) : null}
      {asked === "suspicious" && recipient !== null ? (
        <Modal
          opened
          onClose={() => setAsked(undefined)}
          title={t("manual.suspectTitle")}
          closeButtonProps={{ "aria-label": t("common.close") }}
        >
          <Stack>
            <div>{t("manual.suspectMeans", { address: recipient })}</div>
            {resolve.error === null ? null : <Failure error={resolve.error} what={t("manual.notResolved")} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={() => setAsked(undefined)} data-autofocus>
                {t("form.cancel")}
              </Button>
              <Button color="red.8" loading={resolve.isPending} onClick={() => resolve.mutate(recipient)}>
                {t("manual.apply")}
              </Button>
            </Group>
          </Stack>
        </Modal>
      ) : null}
    </>
  );
}

interface OtherDialogProps {
  preset: string;
  error: Error | null;
  pending: boolean;
  onApply: (address: string) => void;
  onClose: () => void;
}

function OtherDialog({ preset, error, pending, onApply, onClose }: OtherDialogProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState(preset);
  const [broken, setBroken] = useState(false);
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("manual.otherTitle")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const fits = looksLikeAddress(typed);
          setBroken(!fits);
          if (fits) {
            onApply(typed.trim());
          }
        }}
      >
        <Stack>
          <TextInput
            label={t("form.email")}
            description={t("manual.otherMeans")}
            type="email"
            autoComplete="off"
            data-autofocus
            value={typed}
            error={broken ? t("form.emailBroken") : undefined}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          {error === null ? null : <Failure error={error} what={t("manual.notResolved")} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("form.cancel")}
            </Button>
            <Button type="submit" loading={pending}>
              {t("manual.apply")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
