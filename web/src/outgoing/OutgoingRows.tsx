import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import { useFormats } from "../lang/format";
import { Pill, type Tone } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { tellFailure } from "../parts/toast";
import { kindName } from "./kindName";
import css from "./outgoing.module.css";
import type { Outgoing } from "./queries";

const TONES: Record<Outgoing["state"], Tone> = {
  waiting: "info",
  sending: "info",
  sent: "ok",
  refused: "danger",
  given_up: "danger",
  cancelled: "neutral",
};

/** What went out, newest first, with the other side's words. */
export function OutgoingRows({ items, label }: { items: readonly Outgoing[]; label: string }) {
  const { t } = useTranslation();
  const { shortDate } = useFormats();
  const client = useQueryClient();
  const again = useMutation({
    mutationFn: (id: string) =>
      done(api.POST("/api/v1/outgoing/{outgoing_id}/again", { params: { path: { outgoing_id: id } } })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["outgoing"] });
      await client.invalidateQueries({ queryKey: ["deliveries"] });
    },
    onError: (error) => tellFailure(t("outgoing.notSent"), error.message),
  });
  if (items.length === 0) {
    return <p className={page.dimmed}>{t("outgoing.none")}</p>;
  }
  return (
    <ul className={css.rows} aria-label={label}>
      {items.map((one) => {
        const answer = [one.code, one.answer].filter((part) => part != null && part !== "").join(" ");
        return (
          <li key={one.id} className={css.row}>
            <span>
              <Pill tone={TONES[one.state]}>{t(`outgoing.states.${one.state}`)}</Pill>
            </span>
            <div className={css.what}>
              <b>{kindName(t, one.kind)}</b> · {one.recipient}
              <div className={css.said}>
                {shortDate(one.created)} · {t("outgoing.attempts", { count: one.attempts })}
                {one.due === null ? null : <> · {t("outgoing.due", { when: shortDate(one.due) })}</>}
              </div>
              {answer === "" ? null : <div className={page.mono}>{answer}</div>}
            </div>
            {one.state === "waiting" || one.state === "sending" ? (
              <span />
            ) : (
              <Button
                size="compact-sm"
                variant="default"
                loading={again.isPending && again.variables === one.id}
                onClick={() => again.mutate(one.id)}
              >
                {t("outgoing.again")}
              </Button>
            )}
          </li>
        );
      })}
    </ul>
  );
}
