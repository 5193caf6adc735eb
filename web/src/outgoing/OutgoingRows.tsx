import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import { useFormats } from "../lang/format";
import { Pill, type Tone } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { tellFailure } from "../parts/toast";
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
export function OutgoingRows({ items }: { items: readonly Outgoing[] }) {
  const { t } = useTranslation();
  const { listDate } = useFormats();
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
    <div className={page.scrollX}>
      <table>
        <thead>
          <tr>
            <th>{t("outgoing.when")}</th>
            <th>{t("outgoing.what")}</th>
            <th>{t("outgoing.to")}</th>
            <th>{t("outgoing.state")}</th>
            <th>{t("outgoing.answer")}</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {items.map((one) => (
            <tr key={one.id}>
              <td>{listDate(one.created)}</td>
              <td>{t(`outgoing.kinds.${one.kind.replace(".", "_")}` as "outgoing.kinds.test", one.kind)}</td>
              <td>{one.recipient}</td>
              <td>
                <Pill tone={TONES[one.state]}>{t(`outgoing.states.${one.state}`)}</Pill>
              </td>
              <td className={page.mono}>
                {one.code} {one.answer} ({one.attempts})
              </td>
              <td>
                <Button size="compact-sm" variant="default" onClick={() => again.mutate(one.id)}>
                  {t("outgoing.again")}
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
