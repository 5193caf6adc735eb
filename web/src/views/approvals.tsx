import { Button, Modal, NumberInput, SegmentedControl, Stack, Textarea } from "@mantine/core";
import { IconCheck, IconClock, IconDownload, IconUserCheck, IconX } from "@tabler/icons-react";
import { type InfiniteData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { approvalSettingsQuery, approvalsQuery } from "../approvals/queries";
import { api, take } from "../api/client";
import type { components } from "../api/schema";
import { useSession } from "../api/session";
import { useFormats } from "../lang/format";
import { Failure } from "../parts/Failure";
import { FormEnd } from "../parts/FormEnd";
import { Loading } from "../parts/Loading";
import { Empty, Notice, Pill, type Tone } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { useIsNarrow } from "../parts/Panes";
import { tell } from "../parts/toast";

type Approval = components["schemas"]["Approval"];
type Page = components["schemas"]["ApprovalPage"];
type Act = "approve" | "withdraw";

const TONES: Record<Approval["state"], Tone> = {
  waiting: "warn",
  approved: "ok",
  refused: "danger",
  done: "ok",
  failed: "danger",
  withdrawn: "neutral",
};

/** What needs a second person: who asks for what and why, and the decision. */
export function Approvals() {
  const { t } = useTranslation();
  const [which, setWhich] = useState<"open" | "all">("open");
  const query = useInfiniteQuery(approvalsQuery(which === "open" ? "waiting" : undefined));
  const [refusing, setRefusing] = useState<Approval>();
  const { user } = useSession();
  const items = query.data?.pages.flatMap((one) => one.items) ?? [];
  return (
    <div className={page.page}>
      <div className={page.inner}>
        <PageHead title={t("approvals.title")} lead={t("approvals.lead")}>
          <SegmentedControl
            aria-label={t("approvals.filter")}
            value={which}
            onChange={(value) => setWhich(value === "all" ? "all" : "open")}
            data={[
              { value: "open", label: t("approvals.open") },
              { value: "all", label: t("approvals.all") },
            ]}
          />
        </PageHead>
        <Loading of={query} what={t("approvals.failed")} height={110} />
        {query.isSuccess && items.length === 0 ? <Empty icon={IconUserCheck}>{t("approvals.none")}</Empty> : null}
        <div className={page.stack}>
          {items.map((approval) => (
            <Card key={approval.id} approval={approval} onRefuse={() => setRefusing(approval)} />
          ))}
        </div>
        {query.hasNextPage ? (
          <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t("approvals.older")}
          </Button>
        ) : null}
        {user.role === "administrator" ? <ExportSettings /> : null}
        {refusing === undefined ? null : <Refusal approval={refusing} onClose={() => setRefusing(undefined)} />}
      </div>
    </div>
  );
}

/** Where an approved export is fetched. */
function fetched({ id, details }: Approval): string {
  const { query = "", format = "zip", days = "" } = details;
  const [from = "", until = ""] = days.split("/");
  if (format === "senders_csv" || format === "senders_xlsx") {
    return `/api/v1/senders/export?${query}&${new URLSearchParams({ format: format.slice(8), approval: id }).toString()}`;
  }
  if (format === "attachments") {
    return `/api/v1/media/export?${query}&${new URLSearchParams({ approval: id }).toString()}`;
  }
  return `/api/v1/export?${new URLSearchParams({ q: query, format, from, until, approval: id }).toString()}`;
}

/** What was decided is shown at once, where it stands. */
function useDecided(): (decided: Approval) => Promise<void> {
  const client = useQueryClient();
  return async (decided) => {
    client.setQueriesData<InfiniteData<Page, string | null>>({ queryKey: ["approvals"] }, (data) =>
      data === undefined || !("pages" in data)
        ? data
        : {
            ...data,
            pages: data.pages.map((one) => ({
              ...one,
              items: one.items.map((item) => (item.id === decided.id ? decided : item)),
            })),
          },
    );
    await client.invalidateQueries({ queryKey: ["approvals"] });
  };
}

function Card({ approval, onRefuse }: { approval: Approval; onRefuse: () => void }) {
  const { t } = useTranslation();
  const { shortDate } = useFormats();
  const { user } = useSession();
  const decided = useDecided();
  const act = useMutation({
    mutationFn: (what: Act) => {
      const params = { path: { approval_id: approval.id } };
      return take(
        what === "approve"
          ? api.POST("/api/v1/approvals/{approval_id}/approve", { params })
          : api.POST("/api/v1/approvals/{approval_id}/withdraw", { params }),
      );
    },
    onSuccess: async (now, what) => {
      tell(t(what === "approve" ? "approvals.approved" : "approvals.withdrawn"));
      await decided(now);
    },
  });
  const waiting = approval.state === "waiting";
  const decides = user.role === "administrator";
  return (
    <article className={page.card} aria-label={approval.text}>
      <div className={page.cardHead}>
        <h2>{approval.text}</h2>
        <Pill tone={TONES[approval.state]} {...(waiting && { icon: IconClock })}>
          {t(`approvals.state.${approval.state}`)}
        </Pill>
      </div>
      <dl className={page.facts}>
        <dt>{t("approvals.askedBy")}</dt>
        <dd>
          {approval.asked_by}, {shortDate(approval.asked)}
        </dd>
        {approval.note === "" ? null : (
          <>
            <dt>{t("approvals.note")}</dt>
            <dd>{approval.note}</dd>
          </>
        )}
        {approval.due === null ? null : (
          <>
            <dt>{t("approvals.due")}</dt>
            <dd>{shortDate(approval.due)}</dd>
          </>
        )}
        {approval.decided === null ? null : (
          <>
            <dt>{t("approvals.decided")}</dt>
            <dd>{t("approvals.decidedBy", { name: approval.decided_by, when: shortDate(approval.decided) })}</dd>
          </>
        )}
        {approval.open_until === null ? null : (
          <>
            <dt>{t("approvals.openUntil")}</dt>
            <dd>{shortDate(approval.open_until)}</dd>
          </>
        )}
        {approval.outcome === "" ? null : (
          <>
            <dt>{t(approval.state === "refused" ? "approvals.reason" : "approvals.outcome")}</dt>
            <dd>{approval.outcome}</dd>
          </>
        )}
      </dl>
      {waiting && decides && !approval.may_approve ? (
        <Notice tone="info">{t(approval.due === null ? "approvals.ownWaits" : "approvals.dueHelp")}</Notice>
      ) : null}
      {approval.state === "approved" && approval.own && approval.kind === "export" ? (
        <div className={`${page.row} ${page.spaced}`}>
          <Button
            component="a"
            size="xs"
            leftSection={<IconDownload size={15} aria-hidden />}
            href={fetched(approval)}
            download
          >
            {t("approvals.fetch")}
          </Button>
        </div>
      ) : null}
      {act.error === null ? null : <Failure error={act.error} what={t("approvals.notDecided")} />}
      {waiting ? (
        <div className={`${page.row} ${page.spaced}`}>
          {decides && approval.may_approve ? (
            <Button
              size="xs"
              leftSection={<IconCheck size={15} aria-hidden />}
              loading={act.isPending && act.variables === "approve"}
              onClick={() => act.mutate("approve")}
              aria-label={t("approvals.approveNamed", { text: approval.text })}
            >
              {t("approvals.approve")}
            </Button>
          ) : null}
          {decides && !approval.own ? (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconX size={15} aria-hidden />}
              onClick={onRefuse}
              aria-label={t("approvals.refuseNamed", { text: approval.text })}
            >
              {t("approvals.refuse")}
            </Button>
          ) : null}
          {approval.own && user.role !== "auditor" ? (
            <Button
              size="xs"
              variant="default"
              loading={act.isPending && act.variables === "withdraw"}
              onClick={() => act.mutate("withdraw")}
              aria-label={t("approvals.withdrawNamed", { text: approval.text })}
            >
              {t("approvals.withdraw")}
            </Button>
          ) : null}
        </div>
      ) : null}
    </article>
  );
}

function Refusal({ approval, onClose }: { approval: Approval; onClose: () => void }) {
  const { t } = useTranslation();
  const narrow = useIsNarrow();
  const decided = useDecided();
  const [reason, setReason] = useState("");
  const refuse = useMutation({
    mutationFn: () =>
      take(
        api.POST("/api/v1/approvals/{approval_id}/refuse", {
          params: { path: { approval_id: approval.id } },
          body: { reason },
        }),
      ),
    onSuccess: async (now) => {
      tell(t("approvals.refused"));
      onClose();
      await decided(now);
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      fullScreen={narrow}
      title={t("approvals.refuseTitle")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          refuse.mutate();
        }}
      >
        <Stack>
          <p>{approval.text}</p>
          <Textarea
            label={t("approvals.reason")}
            description={t("approvals.refuseHint")}
            maxLength={2000}
            rows={3}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <FormEnd save={refuse} label={t("approvals.refuseDo")} failed={t("approvals.notDecided")} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}

/** From how many mails on an export needs a second person. */
function ExportSettings() {
  const { t } = useTranslation();
  const { number } = useFormats();
  const client = useQueryClient();
  const { data } = useQuery(approvalSettingsQuery);
  const [from, setFrom] = useState<number | string>();
  const save = useMutation({
    mutationFn: (value: number | string) =>
      take(api.PUT("/api/v1/approvals/settings", { body: { export_from: value === "" ? null : Number(value), export_holds: null } })),
    onSuccess: (now) => {
      client.setQueryData(approvalSettingsQuery.queryKey, now);
      setFrom(undefined);
      tell(t("approvals.saved"));
    },
  });
  if (data === undefined) {
    return null;
  }
  const shown = from ?? data.export_from ?? "";
  const holds = data.export_holds ?? null;
  return (
    <form
      className={`${page.card} ${page.stack} ${page.spaced}`}
      aria-label={t("approvals.settings")}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(shown);
      }}
    >
      <h2>{t("approvals.settings")}</h2>
      <p className={page.dimmed}>{holds === null ? t("approvals.off") : t("approvals.holds", { from: number(holds) })}</p>
      <NumberInput
        label={t("approvals.from")}
        description={t("approvals.settingsHelp")}
        min={0}
        max={1_000_000_000}
        allowDecimal={false}
        value={shown}
        onChange={setFrom}
      />
      <FormEnd save={save} label={t("form.save")} failed={t("approvals.notSaved")} />
    </form>
  );
}
