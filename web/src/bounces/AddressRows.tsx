import { useTranslation } from "react-i18next";
import type { AddressState } from "../api/types";
import { useFormats } from "../lang/format";
import { PlainLink } from "../parts/PlainLink";
import { wordOr } from "../reader/words";
import css from "./bounces.module.css";
import { StatePill } from "./StatePill";
import { addressPath } from "./states";
import { useListName } from "./useListName";

/** Addresses one below the other, each leading to its page. */
export function AddressRows({ rows, label }: { rows: AddressState[]; label: string }) {
  const { t } = useTranslation();
  const { listDate } = useFormats();
  const listName = useListName();
  if (rows.length === 0) {
    return null;
  }
  return (
    <ul className={css.rows} aria-label={label}>
      {rows.map((row) => (
        <li key={`${row.address} ${row.list ?? ""}`}>
          <PlainLink to={addressPath(row.address)} className={css.row}>
            <span className={css.address}>{row.address}</span>
            <span className={css.pill}>
              <StatePill state={row.state} />
            </span>
            <span className={css.why}>
              {row.contact === null
                ? null
                : `${t("addresses.contact", { name: row.contact.name, number: row.contact.number })} · `}
              {wordOr(t, `feedback.because.${row.reason}`, row.reason)}
              {row.list === null ? null : ` · ${t("feedback.forList", { name: listName(row.list) })}`}
            </span>
            <span className={css.numbers}>{t("addresses.reports", { count: row.total })}</span>
            <time className={css.time} dateTime={row.last}>
              {listDate(row.last)}
            </time>
          </PlainLink>
        </li>
      ))}
    </ul>
  );
}
