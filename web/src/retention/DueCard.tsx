import { Button, Modal, Table, TextInput } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import type { DueYear, RetentionState } from "../api/types";
import { useFormats } from "../lang/format";
import { Failure } from "../parts/Failure";
import { Loading } from "../parts/Loading";
import { More } from "../parts/More";
import { Pill } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PlainLink } from "../parts/PlainLink";
import { useIsNarrow } from "../parts/Panes";
import { tell } from "../parts/toast";
import { dueMailsQuery, dueQuery } from "./queries";
import { useRetentionWords } from "./words";

/** How many mails there are of each class and year, and which of them are due. */
export function DueCard({ state }: { state: RetentionState }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const { name, until } = useRetentionWords();
  const query = useQuery(dueQuery);
  const [shown, setShown] = useState<DueYear>();
  const named = (key: number) => name(state.classes.find((one) => one.key === key));
  return (
    <section className={page.card} aria-label={t("retention.due")}>
      <h2>{t("retention.due")}</h2>
      <p className={page.lead}>{t("retention.dueWhat")}</p>
      <Loading of={query} what={t("retention.dueFailed")} height={60} />
      {query.data?.length === 0 ? <p className={page.dimmed}>{t("retention.dueNone")}</p> : null}
      {query.data === undefined || query.data.length === 0 ? null : (
        <div className={page.scrollX} tabIndex={0} role="region" aria-label={t("retention.due")}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("retention.class")}</Table.Th>
                <Table.Th>{t("retention.year")}</Table.Th>
                <Table.Th>{t("retention.mails")}</Table.Th>
                <Table.Th>{t("retention.keptUntil")}</Table.Th>
                <Table.Th>{t("retention.dueNow")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {query.data.map((year) => (
                <Table.Tr key={`${year.class} ${year.year}`}>
                  <Table.Td>{named(year.class)}</Table.Td>
                  <Table.Td>{year.year}</Table.Td>
                  <Table.Td>{number(year.mails)}</Table.Td>
                  <Table.Td>{until(year)}</Table.Td>
                  <Table.Td>
                    {year.due === 0 ? (
                      number(0)
                    ) : (
                      <Button size="xs" variant="default" onClick={() => setShown(year)}>
                        {t("retention.showDue", { count: year.due })}
                      </Button>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
      {shown === undefined ? null : (
        <DueMails of={shown} title={`${named(shown.class)}, ${shown.year}`} onClose={() => setShown(undefined)} />
      )}
    </section>
  );
}

/** Nothing is erased by itself: a second person releases what is due. */
function Release({ of, onAsked }: { of: DueYear; onAsked: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [note, setNote] = useState("");
  const ask = useMutation({
    mutationFn: () =>
      take(api.POST("/api/v1/retention/due/release", { body: { class: of.class, year: of.year, note: note.trim() } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["approvals"] });
      tell(t("retention.releaseAsked"));
      onAsked();
    },
  });
  return (
    <form
      className={page.stack}
      aria-label={t("retention.release")}
      onSubmit={(event) => {
        event.preventDefault();
        ask.mutate();
      }}
    >
      <p>{t("retention.releaseWhat")}</p>
      <TextInput
        label={t("retention.releaseNote")}
        maxLength={1000}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      {ask.error === null ? null : <Failure error={ask.error} what={t("retention.releaseFailed")} />}
      <div className={page.row}>
        <Button type="submit" loading={ask.isPending}>
          {t("retention.release")}
        </Button>
      </div>
    </form>
  );
}

function DueMails({ of, title, onClose }: { of: DueYear; title: string; onClose: () => void }) {
  const { t } = useTranslation();
  const { shortDate } = useFormats();
  const { until } = useRetentionWords();
  const narrow = useIsNarrow();
  const query = useInfiniteQuery(dueMailsQuery({ class: of.class, year: of.year }));
  const mails = query.data?.pages.flatMap(({ items }) => items);
  return (
    <Modal
      opened
      onClose={onClose}
      size="xl"
      fullScreen={narrow}
      title={title}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <Loading of={query} what={t("retention.dueFailed")} height={120} />
      {mails === undefined ? null : (
        <Table>
          <Table.Tbody>
            {mails.map((mail) => (
              <Table.Tr key={mail.mail}>
                <Table.Td>
                  {mail.subject === null ? (
                    <span className={page.dimmed}>{t("retention.notReadable")}</span>
                  ) : (
                    <PlainLink to={`/m/${mail.mail}`}>
                      {mail.subject === "" ? t("retention.noSubject") : mail.subject}
                    </PlainLink>
                  )}
                  <div className={page.dimmed}>
                    {mail.from ?? mail.mail} {mail.date === null ? "" : shortDate(mail.date)}
                  </div>
                </Table.Td>
                <Table.Td>{until({ until: mail.until, suspended: false })}</Table.Td>
                <Table.Td>{mail.held ? <Pill tone="warn">{t("retention.held")}</Pill> : null}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      <More of={query} label={t("retention.more")} failed={t("retention.dueFailed")} />
      {mails?.some(({ held }) => !held) === true ? <Release of={of} onAsked={onClose} /> : null}
    </Modal>
  );
}
