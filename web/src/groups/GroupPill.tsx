import { IconUsersGroup } from "@tabler/icons-react";
import { PlainLink } from "../parts/PlainLink";
import { quote } from "../search/words";
import css from "../tags/Tags.module.css";

/** A group with its name, in a row. */
export function GroupPill({ name }: { name: string }) {
  return (
    <span className={`${css.tag} ${css.grey} ${css.small}`} title={name}>
      <IconUsersGroup size={12} stroke={2.2} aria-hidden />
      <span>{name}</span>
    </span>
  );
}

/** The same; leads to all messages of the group. */
export function GroupLink({ name }: { name: string }) {
  return (
    <PlainLink to="/mail" search={{ q: `group:${quote(name)}` }} className={`${css.tag} ${css.grey}`}>
      <IconUsersGroup size={12} stroke={2.2} aria-hidden />
      <span>{name}</span>
    </PlainLink>
  );
}
