import { Button, Checkbox, Modal, Select, Stack, Table, Textarea, TextInput } from "@mantine/core";
import { IconFileZip, IconSearch, IconTrash } from "@tabler/icons-react";
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import type { components } from "../api/schema";
import { useMayAdminister } from "../api/session";
import { useFormats } from "../lang/format";
import { AdminPage } from "../parts/AdminPage";
import { Failure } from "../parts/Failure";
import { FormEnd } from "../parts/FormEnd";
import { Notice, Pill } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { useIsNarrow } from "../parts/Panes";
import { tell } from "../parts/toast";
import { useKeptText } from "../retention/words";

type Preview = components["schemas"]["ErasurePreview"];
type Erasure = components["schemas"]["Erasure"];
type Basis = components["schemas"]["ErasureBasis"];

const BASES: readonly Basis[] = [
  "not_necessary",
  "consent_withdrawn",
  "objection",
  "unlawful",
  "legal_obligation",
  "child",
];

const erasuresQuery = queryOptions({
  queryKey: ["erasures"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/erasures", { params: { query: {} }, signal })),
});

/** What there is about a person, on request as a file, and erased. */
export function Erasure() {
  const { t } = useTranslation();
  const administrator = useMayAdminister();
  const query = useQuery({ ...erasuresQuery, enabled: administrator });
  return (
    <AdminPage title={t("erasure.title")} lead={t("erasure.lead")} of={query} failed={t("erasure.failed")}>
      {query.data === undefined ? null : (
        <div className={page.stack}>
          <Person />
          <Erasures items={query.data.items} />
        </div>
      )}
    </AdminPage>
  );
}

function Person() {
  const { t } = useTranslation();
  const [address, setAddress] = useState("");
  const search = useMutation({
    mutationFn: (wanted: string) => take(api.POST("/api/v1/erasures/preview", { body: { address: wanted } })),
  });
  return (
    <section className={`${page.card} ${page.stack}`} aria-label={t("erasure.person")}>
      <h2>{t("erasure.person")}</h2>
      <p className={page.dimmed}>{t("erasure.personHelp")}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          search.mutate(address.trim());
        }}
      >
        <div className={page.row}>
          <TextInput
            aria-label={t("erasure.address")}
            placeholder="person@example.org"
            required
            maxLength={320}
            value={address}
            onChange={(event) => setAddress(event.currentTarget.value)}
          />
          <Button type="submit" loading={search.isPending} leftSection={<IconSearch size={17} aria-hidden />}>
            {t("erasure.search")}
          </Button>
        </div>
      </form>
      {search.error === null ? null : <Failure error={search.error} what={t("erasure.searchFailed")} />}
      {search.data === undefined ? null : (
        <Found
          key={search.submittedAt}
          address={search.variables}
          preview={search.data}
          onErased={() => search.mutate(search.variables)}
        />
      )}
    </section>
  );
}

interface FoundProps {
  address: string;
  preview: Preview;
  onErased: () => void;
}

function Found({ address, preview, onErased }: FoundProps) {
  const { t } = useTranslation();
  const keptText = useKeptText();
  const { shortDate } = useFormats();
  const free = preview.items.filter(({ kept }) => kept === null).map(({ mail_id }) => mail_id);
  const [chosen, setChosen] = useState<readonly string[]>(free);
  const [asking, setAsking] = useState(false);
  if (preview.total === 0) {
    return <Notice tone="info">{t("erasure.nothing")}</Notice>;
  }
  const toggle = (mail: string, on: boolean) =>
    setChosen(on ? [...chosen, mail] : chosen.filter((other) => other !== mail));
  return (
    <>
      <p>
        {t("erasure.found", { count: preview.total })} {preview.kept > 0 ? t("erasure.keptCount", { count: preview.kept }) : ""}
      </p>
      {preview.total > preview.items.length ? (
        <Notice tone="info">{t("erasure.first", { count: preview.items.length })}</Notice>
      ) : null}
      <div className={page.scrollX}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>
                <Checkbox
                  aria-label={t("erasure.all")}
                  checked={chosen.length === free.length && free.length > 0}
                  indeterminate={chosen.length > 0 && chosen.length < free.length}
                  disabled={free.length === 0}
                  onChange={(event) => setChosen(event.currentTarget.checked ? free : [])}
                />
              </Table.Th>
              <Table.Th>{t("erasure.date")}</Table.Th>
              <Table.Th>{t("erasure.subject")}</Table.Th>
              <Table.Th>{t("erasure.how")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {preview.items.map((mail) => {
              const subject = mail.subject === null ? t("erasure.hidden") : mail.subject === "" ? "–" : mail.subject;
              return (
                <Table.Tr key={mail.mail_id}>
                  <Table.Td>
                    <Checkbox
                      aria-label={t("erasure.choose", { subject })}
                      checked={chosen.includes(mail.mail_id)}
                      disabled={mail.kept !== null}
                      onChange={(event) => toggle(mail.mail_id, event.currentTarget.checked)}
                    />
                  </Table.Td>
                  <Table.Td>{mail.date === null ? "–" : shortDate(mail.date)}</Table.Td>
                  <Table.Td>
                    {subject} {mail.kept === null ? null : <Pill tone="warn">{keptText(mail.kept)}</Pill>}
                  </Table.Td>
                  <Table.Td>{t(`erasure.about.${mail.about}`)}</Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </div>
      <div className={page.row}>
        <Button
          component="a"
          variant="default"
          href={`/api/v1/person?address=${encodeURIComponent(address)}`}
          download
          leftSection={<IconFileZip size={17} aria-hidden />}
        >
          {t("erasure.export")}
        </Button>
        <Button
          color="red.8"
          disabled={chosen.length === 0}
          leftSection={<IconTrash size={17} aria-hidden />}
          onClick={() => setAsking(true)}
        >
          {t("erasure.erase", { count: chosen.length })}
        </Button>
      </div>
      {asking ? <Dialog mails={chosen} onClose={() => setAsking(false)} onErased={onErased} /> : null}
    </>
  );
}

interface DialogProps {
  mails: readonly string[];
  onClose: () => void;
  onErased: () => void;
}

function Dialog({ mails, onClose, onErased }: DialogProps) {
  const { t } = useTranslation();
  const narrow = useIsNarrow();
  const client = useQueryClient();
  const [basis, setBasis] = useState<Basis | null>(null);
  const [note, setNote] = useState("");
  const [sure, setSure] = useState(false);
  const erase = useMutation({
    mutationFn: (why: Basis) =>
      take(api.POST("/api/v1/erasures", { body: { mails: [...mails], basis: why, note: note.trim() } })),
    onSuccess: async () => {
      onClose();
      onErased();
      tell(t("erasure.asked"));
      await client.invalidateQueries();
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      fullScreen={narrow}
      title={t("erasure.ask", { count: mails.length })}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (basis !== null) {
            erase.mutate(basis);
          }
        }}
      >
        <Stack>
          <Notice tone="warn">{t("erasure.means")}</Notice>
          <Select
            label={t("erasure.basis")}
            required
            data={BASES.map((value) => ({ value, label: t(`erasure.bases.${value}`) }))}
            value={basis}
            onChange={(value) => setBasis(BASES.find((known) => known === value) ?? null)}
          />
          <Textarea
            label={t("erasure.note")}
            description={t("erasure.noteHelp")}
            maxLength={1000}
            autosize
            minRows={2}
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
          <Checkbox
            label={t("erasure.sure")}
            checked={sure}
            onChange={(event) => setSure(event.currentTarget.checked)}
          />
          <FormEnd
            save={erase}
            label={t("erasure.askFor")}
            failed={t("erasure.notErased")}
            disabled={basis === null || !sure}
            color="red.8"
            onCancel={onClose}
            cancelFocused
          />
        </Stack>
      </form>
    </Modal>
  );
}

function Erasures({ items }: { items: Erasure[] }) {
  const { t } = useTranslation();
  const { shortDate, number } = useFormats();
  const bases: Partial<Record<string, string>> = {
    ...Object.fromEntries(BASES.map((basis) => [basis, t(`erasure.bases.${basis}`)])),
    released: t("erasure.released"),
    restored: t("erasure.restored"),
  };
  return (
    <section className={`${page.card} ${page.stack}`} aria-label={t("erasure.earlier")}>
      <h2>{t("erasure.earlier")}</h2>
      {items.length === 0 ? <Notice tone="info">{t("erasure.none")}</Notice> : null}
      {items.map((erasure) => (
        <article key={erasure.key} className={page.stack} aria-label={shortDate(erasure.begun)}>
          <dl className={page.facts}>
            <dt>{t("erasure.when")}</dt>
            <dd>{erasure.ended === null ? t("erasure.open", { when: shortDate(erasure.begun) }) : shortDate(erasure.ended)}</dd>
            <dt>{t("erasure.who")}</dt>
            <dd>{erasure.name ?? erasure.actor}</dd>
            <dt>{t("erasure.basis")}</dt>
            <dd>{bases[erasure.basis] ?? erasure.basis}</dd>
            <dt>{t("erasure.mails")}</dt>
            <dd>
              {number(erasure.erased)}
              {erasure.refused > 0 ? `, ${t("erasure.refusedCount", { count: erasure.refused })}` : ""}
              {erasure.shared > 0 ? `, ${t("erasure.sharedCount", { count: erasure.shared })}` : ""}
            </dd>
            {erasure.files.length === 0 ? null : (
              <>
                <dt>{t("erasure.files")}</dt>
                <dd>
                  {erasure.files.map(({ path, error }) => (
                    <div key={path}>
                      <span className={page.mono}>{path}</span> –{" "}
                      {error === null ? t("erasure.fileChanged") : t("erasure.fileFailed", { why: error })}
                    </div>
                  ))}
                </dd>
              </>
            )}
            {erasure.note === "" ? null : (
              <>
                <dt>{t("erasure.note")}</dt>
                <dd>{erasure.note}</dd>
              </>
            )}
          </dl>
        </article>
      ))}
    </section>
  );
}
