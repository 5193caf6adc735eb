import { Anchor } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { LinkedRecord } from "../api/types";
import { useFormats } from "../lang/format";
import { Pill } from "../parts/Notice";
import css from "./links.module.css";

/** Further fields shown before the others are folded away. */
const FIELDS = 4;

/** What a record says: name, state, date, further fields, its page in the ERP. */
export function RecordFacts({ record, all = false }: { record: LinkedRecord; all?: boolean }) {
  const { t } = useTranslation();
  const { listDate } = useFormats();
  const fields = Object.entries(record.extra);
  return (
    <>
      {record.vanished || !record.active ? (
        <div>
          {record.vanished ? <Pill tone="warn">{t("links.vanished")}</Pill> : null}
          {record.active ? null : <Pill tone="neutral">{t("links.inactive")}</Pill>}
        </div>
      ) : null}
      <dl className={css.facts}>
        {record.name === "" ? null : <Fact name={t("links.name")}>{record.name}</Fact>}
        {record.state === "" ? null : <Fact name={t("links.state")}>{record.state}</Fact>}
        {record.date === null ? null : <Fact name={t("links.date")}>{listDate(record.date)}</Fact>}
        {fields.slice(0, all ? fields.length : FIELDS).map(([name, value]) => (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
      </dl>
      {record.url === null ? null : (
        <Anchor href={record.url} target="_blank" rel="noreferrer" size="sm">
          {t("links.inErp")} <IconExternalLink size={13} aria-hidden />
        </Anchor>
      )}
    </>
  );
}

function Fact({ name, children }: { name: string; children: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
