import { Checkbox, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useFormats } from "../lang/format";
import { Loading } from "../parts/Loading";
import page from "../parts/Page.module.css";
import { wordOr } from "../reader/words";
import css from "./links.module.css";
import { learntMasksQuery } from "./queries";
import { KINDS_WITH_MASKS, linesOf, type RulesDraft } from "./rules";

interface MaskFieldsProps {
  draft: RulesDraft;
  onChange: (part: Partial<RulesDraft>) => void;
}

/** What numbers look like: learnt from the ERP, confirmed by a person. */
export function MaskFields({ draft, onChange }: MaskFieldsProps) {
  const { t } = useTranslation();
  const { percent, number: count } = useFormats();
  const learnt = useQuery(learntMasksQuery);
  const set = (kind: string, text: string) => onChange({ masks: { ...draft.masks, [kind]: text } });
  return (
    <fieldset className={css.masks}>
      <legend>{t("linkRules.masks")}</legend>
      <p className={page.dimmed}>{t("linkRules.masksWhat")}</p>
      <Loading of={learnt} what={t("linkRules.masksFailed")} height={60} />
      {KINDS_WITH_MASKS.map((kind) => {
        const found = learnt.data?.find((one) => one.kind === kind);
        const text = draft.masks[kind] ?? "";
        const known = linesOf(text);
        const name = wordOr(t, `links.kinds.${kind}`, kind);
        return (
          <div key={kind}>
            <Textarea
              label={t("linkRules.masksOf", { kind: name })}
              maw={420}
              autosize
              minRows={1}
              maxRows={8}
              value={text}
              onChange={(event) => set(kind, event.currentTarget.value)}
            />
            {found === undefined || found.of === 0 ? null : (
              <ul className={css.learnt} aria-label={t("linkRules.learntOf", { kind: name })}>
                {found.masks.map(({ mask, count: with_, examples }) => (
                  <li key={mask}>
                    <Checkbox
                      label={mask}
                      description={t("linkRules.learnt", {
                        share: percent(with_ / found.of),
                        of: count(found.of),
                        examples: examples.join(", "),
                      })}
                      checked={known.includes(mask)}
                      onChange={(event) =>
                        set(
                          kind,
                          (event.currentTarget.checked ? [...known, mask] : known.filter((one) => one !== mask)).join("\n"),
                        )
                      }
                    />
                  </li>
                ))}
              </ul>
            )}
          </div>
        );
      })}
      <Checkbox
        label={t("linkRules.masksRestrict")}
        description={t("linkRules.masksRestrictWhat")}
        checked={draft.masksRestrict}
        onChange={(event) => onChange({ masksRestrict: event.currentTarget.checked })}
      />
    </fieldset>
  );
}
