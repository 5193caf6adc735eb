import { Button, Switch } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { BounceRule } from "../api/types";
import { useFormats } from "../lang/format";
import { Pill } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { wordOr } from "../reader/words";
import { ruleName } from "./ruleName";
import { useListName } from "./useListName";
import { useActionText } from "./useActionText";

interface RuleCardProps {
  rule: BounceRule;
  mayEdit: boolean;
  onToggle: () => void;
  onEdit: () => void;
  onRemove: () => void;
}

/** A rule in words. */
export function RuleCard({ rule, mayEdit, onToggle, onEdit, onRemove }: RuleCardProps) {
  const { t } = useTranslation();
  const { list } = useFormats();
  const listName = useListName();
  const actionText = useActionText();
  const { category } = rule;
  const name = ruleName(t, rule.name);
  const kinds = category.kinds.length === 0 ? ["failed"] : category.kinds;
  const what = [
    list(kinds.map((kind) => wordOr(t, `feedback.kinds.${kind}`, kind))),
    ...(category.permanence === null ? [] : [t(`feedback.permanence.${category.permanence}`)]),
  ].join(", ");
  const when = [
    t("bounceRules.times", { count: category.count, days: category.window_days, what }),
    ...(category.reasons.length === 0
      ? []
      : [t("bounceRules.onlyReasons", { reasons: list(category.reasons.map((one) => wordOr(t, `reasons.${one}`, one))) })]),
    ...(category.class === null ? [] : [t("bounceRules.onlyClass", { class: t(`feedback.classes.${category.class}`) })]),
    ...(category.lists.length === 0 ? [] : [t("bounceRules.onlyLists", { lists: list(category.lists.map(listName)) })]),
  ];
  return (
    <article className={page.card} aria-label={name}>
      <div className={page.cardHead}>
        <h2>{name}</h2>
        {rule.active ? null : <Pill tone="neutral">{t("bounceRules.inactive")}</Pill>}
        {mayEdit ? (
          <span className={`${page.row} ${page.end}`}>
            <Switch
              checked={rule.active}
              onChange={onToggle}
              label={t("bounceRules.active")}
              aria-label={t("bounceRules.activeNamed", { name })}
            />
            <Button
              size="xs"
              variant="default"
              onClick={onEdit}
              aria-label={t("bounceRules.editNamed", { name })}
            >
              {t("bounceRules.edit")}
            </Button>
            <Button
              size="xs"
              variant="default"
              onClick={onRemove}
              aria-label={t("bounceRules.removeNamed", { name })}
            >
              {t("bounceRules.remove")}
            </Button>
          </span>
        ) : null}
      </div>
      <dl className={page.facts}>
        <dt>{t("bounceRules.when")}</dt>
        <dd>{when.join(" · ")}</dd>
        <dt>{t("bounceRules.then")}</dt>
        <dd>{rule.actions.length === 0 ? t("bounceRules.nothing") : list(rule.actions.map(actionText))}</dd>
      </dl>
    </article>
  );
}
