import { Button, SegmentedControl, TextInput } from "@mantine/core";
import { IconDownload, IconFileText } from "@tabler/icons-react";
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import { useSession } from "../api/session";
import type { Language } from "../api/types";
import { useFormats } from "../lang/format";
import { currentLanguage, LANGUAGES } from "../lang/language";
import { AdminPage } from "../parts/AdminPage";
import { Failure } from "../parts/Failure";
import { FormEnd } from "../parts/FormEnd";
import { LANGUAGE_NAMES } from "../parts/LanguageMenu";
import { Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { tell } from "../parts/toast";

const proceduresQuery = queryOptions({
  queryKey: ["procedures"],
  queryFn: async ({ signal }) => (await take(api.GET("/api/v1/procedures", { signal }))).items,
});

/** Procedural documentation: versions, and the next one made of what is set now. */
export function Procedures() {
  const { t } = useTranslation();
  const { octets, shortDate } = useFormats();
  const { role } = useSession().user;
  const query = useQuery({ ...proceduresQuery, enabled: role !== "agent" });
  return (
    <AdminPage
      title={t("procedures.title")}
      lead={t("procedures.lead")}
      of={query}
      failed={t("procedures.failed")}
      auditors
    >
      <div className={page.stack}>
        {role === "administrator" ? <Make /> : null}
        {role === "administrator" ? <Handover /> : null}
        {query.data?.length === 0 ? <Notice tone="info">{t("procedures.none")}</Notice> : null}
        {query.data?.map(({ version, language, made, made_by, sha256, octets: size }) => (
          <article key={`${language}${version}`} className={page.card} aria-label={t("procedures.version", { version, language: LANGUAGE_NAMES[language] })}>
            <div className={page.cardHead}>
              <h2>{t("procedures.version", { version, language: LANGUAGE_NAMES[language] })}</h2>
              <span className={`${page.row} ${page.end}`}>
                <Button
                  component="a"
                  size="xs"
                  variant="default"
                  leftSection={<IconDownload size={15} aria-hidden />}
                  href={`/api/v1/procedures/${language}/${version}`}
                  download
                  aria-label={t("procedures.downloadNamed", { version, language: LANGUAGE_NAMES[language] })}
                >
                  {t("procedures.download")}
                </Button>
              </span>
            </div>
            <dl className={page.facts}>
              <dt>{t("procedures.made")}</dt>
              <dd>
                {shortDate(made)}, {made_by} · {octets(size)}
              </dd>
              <dt>SHA-256</dt>
              <dd className={page.mono}>{sha256}</dd>
            </dl>
          </article>
        ))}
      </div>
    </AdminPage>
  );
}

function Make() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [language, setLanguage] = useState<Language>(currentLanguage());
  const make = useMutation({
    mutationFn: () => take(api.POST("/api/v1/procedures", { body: { language } })),
    onSuccess: async ({ version }) => {
      tell(t("procedures.done", { version }));
      await client.invalidateQueries({ queryKey: proceduresQuery.queryKey });
    },
  });
  return (
    <div className={page.stack}>
      <div className={page.row}>
        <SegmentedControl
          aria-label={t("procedures.language")}
          value={language}
          onChange={(value) => setLanguage(value)}
          data={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
        />
        <Button leftSection={<IconFileText size={17} aria-hidden />} loading={make.isPending} onClick={() => make.mutate()}>
          {t("procedures.make")}
        </Button>
      </div>
      {make.error === null ? null : <Failure error={make.error} what={t("procedures.notMade")} />}
    </div>
  );
}

const NOTHING = { q: "", from: "", until: "", note: "" };

/** Data for an auditor (Z3): mails of a period with tables, their description, and proofs. */
function Handover() {
  const { t } = useTranslation();
  const { number } = useFormats();
  const [wanted, setWanted] = useState(NOTHING);
  const [count, setCount] = useState<number>();
  const field = (name: keyof typeof NOTHING) => ({
    value: wanted[name],
    onChange: (event: React.ChangeEvent<HTMLInputElement>) => {
      setWanted({ ...wanted, [name]: event.currentTarget.value });
      if (name !== "note") {
        setCount(undefined);
      }
    },
  });
  const fetch = useMutation({
    mutationFn: async () => {
      const { q, from, until, note } = wanted;
      const query = { q, from, until, format: "z3" as const };
      const { mails, needs_approval } = await take(api.GET("/api/v1/export/check", { params: { query } }));
      if (!needs_approval) {
        window.location.assign(`/api/v1/export?${new URLSearchParams(query).toString()}`);
        return undefined;
      }
      if (note.trim() === "") {
        return mails;
      }
      await take(api.POST("/api/v1/approvals/exports", { body: { ...query, note } }));
      tell(t("search.approvalAsked"));
      setWanted(NOTHING);
      return undefined;
    },
    onSuccess: setCount,
  });
  return (
    <form
      className={`${page.card} ${page.stack}`}
      aria-label={t("procedures.z3")}
      onSubmit={(event) => {
        event.preventDefault();
        fetch.mutate();
      }}
    >
      <h2>{t("procedures.z3")}</h2>
      <p className={page.dimmed}>{t("procedures.z3Help")}</p>
      <TextInput label={t("procedures.z3From")} type="date" {...field("from")} />
      <TextInput label={t("procedures.z3Until")} type="date" {...field("until")} />
      <TextInput label={t("procedures.z3Query")} placeholder={t("procedures.z3All")} maxLength={2000} {...field("q")} />
      {count === undefined ? null : (
        <>
          <Notice tone="info">{t("search.approvalNeeded", { mails: number(count) })}</Notice>
          <TextInput label={t("approvals.note")} required maxLength={2000} {...field("note")} />
        </>
      )}
      <FormEnd save={fetch} label={t("procedures.z3Make")} failed={t("search.notExported")} />
    </form>
  );
}
