import { Button } from "@mantine/core";
import { IconBulb } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { LinksChange, LinkSuggestion } from "../api/types";
import { wordOr } from "../reader/words";
import css from "./links.module.css";
import { keyOf, recordTitle } from "./words";

interface SuggestionsProps {
  mails: string[];
  of: LinkSuggestion[];
  mayChange: boolean;
  onChange: (change: Partial<LinksChange>) => void;
}

/** Records a mail may belong to: a person accepts or rejects them. */
export function Suggestions({ mails, of, mayChange, onChange }: SuggestionsProps) {
  const { t } = useTranslation();
  return of.map(({ record, why }) => {
    const name = { kind: record.kind, number: record.number };
    const title = recordTitle(t, record);
    return (
      <div key={`${record.kind} ${record.number}`} className={css.row}>
        <IconBulb size={16} stroke={1.8} aria-hidden />
        <span>
          {t("links.suggested", { record: title })}
          {record.name === "" ? null : ` · ${record.name}`}
          <span className={css.how}> ({wordOr(t, `links.suggestedWhy.${keyOf(why)}`, why)})</span>
        </span>
        {mayChange ? (
          <>
            <Button
              size="compact-sm"
              aria-label={t("links.acceptOf", { record: title })}
              onClick={() => onChange({ mails, set: [name] })}
            >
              {t("links.accept")}
            </Button>
            <Button
              size="compact-sm"
              variant="default"
              aria-label={t("links.rejectOf", { record: title })}
              onClick={() => onChange({ mails, remove: [name] })}
            >
              {t("links.reject")}
            </Button>
          </>
        ) : null}
      </div>
    );
  });
}
