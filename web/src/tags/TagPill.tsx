import { IconTag } from "@tabler/icons-react";
import type { Tag } from "../api/types";
import { PlainLink } from "../parts/PlainLink";
import { quote } from "../search/words";
import css from "./Tags.module.css";

/** A tag with its name; its colour alone says nothing. */
export function TagPill({ tag, small = false }: { tag: Tag; small?: boolean }) {
  return (
    <span className={`${css.tag} ${css[tag.colour]} ${small ? css.small : ""}`} title={tag.name}>
      <IconTag size={12} stroke={2.2} aria-hidden />
      <span>{tag.name}</span>
    </span>
  );
}

/** The same; leads to all messages with it. */
export function TagLink({ tag }: { tag: Tag }) {
  return (
    <PlainLink to="/mail" search={{ q: `tag:${quote(tag.name)}` }} className={`${css.tag} ${css[tag.colour]}`}>
      <IconTag size={12} stroke={2.2} aria-hidden />
      <span>{tag.name}</span>
    </PlainLink>
  );
}
