import { Anchor } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { Fragment, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Stretch } from "../api/types";
import { linksOf } from "./links";
import css from "./Reader.module.css";

/** The plain text; text of earlier mails is folded. */
export function TextBody({ stretches }: { stretches: Stretch[] }) {
  const { t } = useTranslation();
  if (stretches.every(({ text }) => text.trim() === "")) {
    return <p className={css.signature}>{t("reader.noText")}</p>;
  }
  return (
    <div className={css.text}>
      {stretches.map((stretch, at) =>
        stretch.kind === "quoted" ? (
          <Quoted key={at} text={stretch.text} />
        ) : (
          <span key={at} className={stretch.kind === "signature" ? css.signature : undefined}>
            {withLinks(stretch.text)}
          </span>
        ),
      )}
    </div>
  );
}

function Quoted({ text }: { text: string }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  if (text.trim() === "") {
    return null;
  }
  return (
    <div>
      <button type="button" className={css.fold} aria-expanded={open} onClick={() => setOpen(!open)}>
        <IconDots size={16} aria-hidden />
        {open ? t("reader.foldQuoted") : t("reader.showQuoted")}
      </button>
      {open ? <div className={css.quoted}>{withLinks(text.trimEnd())}</div> : null}
    </div>
  );
}

function withLinks(text: string): ReactNode {
  return linksOf(text).map((piece, at) =>
    piece.href === undefined ? (
      <Fragment key={at}>{piece.text}</Fragment>
    ) : (
      <Anchor key={at} href={piece.href} target="_blank" rel="noopener noreferrer" inherit underline="always">
        {piece.text}
      </Anchor>
    ),
  );
}
