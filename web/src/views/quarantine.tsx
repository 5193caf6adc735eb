import { Button } from "@mantine/core";
import { IconDownload, IconEye, IconRefresh, IconShieldCheck } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import { quarantineQuery } from "../api/queries";
import { useSession } from "../api/session";
import type { Quarantined } from "../api/types";
import { useFormats } from "../lang/format";
import { ButtonLink } from "../parts/ButtonLink";
import { Failure } from "../parts/Failure";
import { Loading } from "../parts/Loading";
import { Empty } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { wordOr } from "../reader/words";
import { tell } from "../parts/toast";

/** Mails that could not be taken apart. Their originals are safe; each says why. */
export function Quarantine() {
  const { t } = useTranslation();
  const query = useQuery(quarantineQuery);
  const { data } = query;
  return (
    <div className={page.page}>
      <div className={page.inner}>
        <PageHead title={t("quarantine.title")} lead={t("quarantine.lead")} />
        <Loading of={query} what={t("quarantine.failed")} height={110} />
        {data?.items.length === 0 ? <Empty icon={IconShieldCheck}>{t("quarantine.none")}</Empty> : null}
        <div className={page.stack}>
          {data?.items.map((mail) => (
            <Item key={mail.mail_id} mail={mail} />
          ))}
        </div>
        {data?.next == null ? null : <p className={page.dimmed}>{t("quarantine.more")}</p>}
      </div>
    </div>
  );
}

function Item({ mail }: { mail: Quarantined }) {
  const { t } = useTranslation();
  const { octets, shortDate } = useFormats();
  const client = useQueryClient();
  const { user, accounts } = useSession();
  const retry = useMutation({
    mutationFn: () =>
      done(api.POST("/api/v1/quarantine/{mail_id}/retry", { params: { path: { mail_id: mail.mail_id } } })),
    onSuccess: async () => {
      tell(t("quarantine.retried"));
      await client.invalidateQueries({ queryKey: ["quarantine"] });
    },
  });
  const names = mail.accounts.map((id) => accounts.find((account) => account.id === id)?.name).filter((name) => name);
  return (
    <article className={page.card} aria-label={mail.reason}>
      <div className={page.cardHead}>
        <h2>{mail.reason}</h2>
      </div>
      <dl className={page.facts}>
        <dt>{t("quarantine.step")}</dt>
        <dd>
          {wordOr(t, `quarantine.steps.${mail.step}`, mail.step)} · {t("quarantine.attempts", { count: mail.attempts })}
        </dd>
        {names.length === 0 ? null : (
          <>
            <dt>{t("quarantine.account")}</dt>
            <dd>{names.join(", ")}</dd>
          </>
        )}
        <dt>{t("quarantine.since")}</dt>
        <dd>
          {shortDate(mail.since)} · {octets(mail.octets)}
        </dd>
      </dl>
      {retry.error === null ? null : <Failure error={retry.error} what={t("quarantine.notRetried")} />}
      <div className={`${page.row} ${page.spaced}`}>
        {user.role === "auditor" ? null : (
          <Button
            size="xs"
            leftSection={<IconRefresh size={15} aria-hidden />}
            loading={retry.isPending}
            onClick={() => retry.mutate()}
          >
            {t("quarantine.retry")}
          </Button>
        )}
        {mail.readable ? (
          <>
            <ButtonLink
              to={`/m/${mail.mail_id}`}
              size="xs"
              variant="default"
              leftSection={<IconEye size={15} aria-hidden />}
            >
              {t("quarantine.open")}
            </ButtonLink>
            <Button
              component="a"
              size="xs"
              variant="default"
              href={`/api/v1/messages/${mail.mail_id}/raw`}
              download
              leftSection={<IconDownload size={15} aria-hidden />}
            >
              {t("reader.download")}
            </Button>
          </>
        ) : null}
      </div>
    </article>
  );
}
