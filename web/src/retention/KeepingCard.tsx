import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../api/session";
import type { MailInvoice } from "../api/types";
import { useFormats } from "../lang/format";
import { Pill } from "../parts/Notice";
import { PlainLink } from "../parts/PlainLink";
import { SubHeading } from "../parts/SubHeading";
import css from "../reader/Reader.module.css";
import { quote } from "../search/words";
import { ChooseClass } from "./ChooseClass";
import { keepingQuery } from "./queries";
import { useRetentionWords } from "./words";

/** How long a message is kept and why, and invoices in it. */
export function KeepingCard({ mailId }: { mailId: string }) {
  const { t } = useTranslation();
  const { name, until } = useRetentionWords();
  const mayChange = useSession().user.role !== "auditor";
  const { data } = useQuery(keepingQuery(mailId));
  const [choosing, setChoosing] = useState(false);
  if (data === undefined) {
    return null;
  }
  return (
    <section className={css.card} aria-label={t("retention.title")}>
      <div className={css.cardHead}>
        <SubHeading>{t("retention.title")}</SubHeading>
        {mayChange ? (
          <Button size="compact-xs" variant="default" onClick={() => setChoosing(true)}>
            {t("retention.choose")}
          </Button>
        ) : null}
      </div>
      {data.classes.length === 0 ? <p>{t("retention.noClass")}</p> : null}
      {data.classes.map((kept) => (
        <p key={`${kept.class?.key ?? 0} ${kept.until ?? ""}`}>
          {kept.class === null ? t("retention.needsNone") : `${name(kept.class)}, ${until(kept)}`}
          <br />
          <small>
            {kept.rule === null ? t("retention.byPerson", { reason: kept.reason }) : t("retention.byRule", { rule: kept.rule })}
          </small>
        </p>
      ))}
      {data.holds.map(({ key, name: of }) => (
        <p key={key}>
          <Pill tone="warn">{t("retention.heldFor", { name: of })}</Pill>
        </p>
      ))}
      {data.invoices.map((invoice) => (
        <InvoiceFacts key={invoice.part} invoice={invoice} />
      ))}
      {choosing ? <ChooseClass mails={[mailId]} onClose={() => setChoosing(false)} /> : null}
    </section>
  );
}

function InvoiceFacts({ invoice }: { invoice: MailInvoice }) {
  const { t } = useTranslation();
  const { day, decimal } = useFormats();
  const facts = [
    invoice.date === null ? "" : day(invoice.date),
    invoice.total === "" ? "" : `${decimal(invoice.total)} ${invoice.currency}`.trim(),
    invoice.seller,
  ];
  return (
    <p>
      {t("retention.invoice")}{" "}
      <PlainLink to="/mail" search={{ q: `invoice:${quote(invoice.number)}` }}>
        {invoice.number}
      </PlainLink>
      <br />
      <small>{facts.filter((fact) => fact !== "").join(", ")}</small>
    </p>
  );
}
