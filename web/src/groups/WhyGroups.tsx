import { useTranslation } from "react-i18next";
import type { MessageDetail } from "../api/types";
import { SubHeading } from "../parts/SubHeading";
import { GroupLink } from "./GroupPill";
import css from "./groups.module.css";

/** Which groups a message belongs to, and why. */
export function WhyGroups({ message }: { message: MessageDetail }) {
  const { t } = useTranslation();
  if (message.groups.length === 0) {
    return null;
  }
  return (
    <div className={css.why}>
      <SubHeading>{t("groups.title")}</SubHeading>
      <ul aria-label={t("groups.title")}>
        {message.groups.map(({ id, name, account_name: account, by, value, pattern }) => (
          <li key={id}>
            <GroupLink name={name} />{" "}
            <small>
              {t(`groups.why.${by as "envelope" | "delivered_to" | "original_to" | "to" | "rest"}`, { value, pattern, account })}
            </small>
          </li>
        ))}
      </ul>
    </div>
  );
}
