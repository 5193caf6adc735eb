import { Anchor } from "@mantine/core";
import {
  IconDownload,
  IconFile,
  IconFileMusic,
  IconFileSpreadsheet,
  IconFileText,
  IconFileTypePdf,
  IconFileZip,
  IconLock,
  IconMail,
  IconPhoto,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import { useTranslation } from "react-i18next";
import { useMayAdminister } from "../api/session";
import type { Part } from "../api/types";
import { Release } from "../attachments/Release";
import { useHoldText } from "../attachments/useHoldText";
import { useFormats } from "../lang/format";
import { SubHeading } from "../parts/SubHeading";
import css from "./Reader.module.css";

const ICONS: [RegExp, ComponentType<{ size: number; stroke: number }>][] = [
  [/^message\//u, IconMail],
  [/^image\//u, IconPhoto],
  [/^audio\//u, IconFileMusic],
  [/pdf$/u, IconFileTypePdf],
  [/spreadsheet|excel|csv/u, IconFileSpreadsheet],
  [/zip|compressed|tar/u, IconFileZip],
  [/^text\/|word|document/u, IconFileText],
];

/** Attachments to download; what could do harm is listed, but handed out to administrators only. */
export function Attachments({ mailId, parts }: { mailId: string; parts: Part[] }) {
  const { t } = useTranslation();
  const shown = parts.filter((part) => !part.inline);
  if (shown.length === 0) {
    return null;
  }
  return (
    <section className={css.attachments}>
      <SubHeading>{t("reader.attachments", { count: shown.length })}</SubHeading>
      <ul className={css.files}>
        {shown.map((part) => (
          <li key={part.number}>
            <Attachment mailId={mailId} part={part} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What kind of file it is: its ending where it has one. */
function typeOf({ name, content_type }: Part): string {
  return /\.([\p{L}\d]{1,5})$/u.exec(name ?? "")?.[1]?.toUpperCase() ?? content_type;
}

function Attachment({ mailId, part }: { mailId: string; part: Part }) {
  const { t } = useTranslation();
  const { octets } = useFormats();
  const holdText = useHoldText();
  const administrator = useMayAdminister();
  const Sign = ICONS.find(([type]) => type.test(part.content_type))?.[1] ?? IconFile;
  const name = part.name ?? (part.content_type === "message/rfc822" ? t("reader.attachedMail") : t("reader.nameless"));
  const href = `/api/v1/messages/${mailId}/parts/${part.number}`;
  const facts = `${octets(part.octets)} · ${typeOf(part)}`;
  const { hold } = part;
  if (part.blocked && hold !== null) {
    return (
      <div className={`${css.file} ${css.blocked}`}>
        <span className={css.fileIcon}>
          <IconLock size={19} stroke={1.7} />
        </span>
        <span>
          <span className={css.fileName} title={name}>
            {name}
          </span>
          <span className={css.fileFacts}>
            {facts} · {t("attachments.because", { what: holdText(hold) })}
            {administrator ? (
              <>
                {" "}
                <Anchor href={`${href}?blocked=1`} download size="xs" underline="always">
                  {t("reader.downloadAnyway")}
                </Anchor>
                {hold.reason === "waiting" ? null : (
                  <>
                    {" "}
                    <Release mailId={mailId} number={part.number} name={name} released={false} />
                  </>
                )}
              </>
            ) : null}
          </span>
        </span>
      </div>
    );
  }
  return (
    <a className={css.file} href={href} download>
      <span className={css.fileIcon}>
        <Sign size={19} stroke={1.7} />
      </span>
      <span>
        <span className={css.fileName} title={name}>
          {name}
        </span>
        <span className={css.fileFacts}>{facts}</span>
      </span>
      <IconDownload size={17} stroke={1.7} aria-label={t("reader.downloadFile")} role="img" />
    </a>
  );
}
