import { ActionIcon, Button, Checkbox, SegmentedControl, Select, TextInput, UnstyledButton } from "@mantine/core";
import {
  IconDownload,
  IconFile,
  IconFileText,
  IconFileTypePdf,
  IconFileZip,
  IconLock,
  IconMailOpened,
  IconPaperclip,
  IconPhoto,
} from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type ComponentType, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import type { Media as Attachment } from "../api/types";
import css from "../correspondence/correspondence.module.css";
import { useFormats } from "../lang/format";
import { ButtonLink } from "../parts/ButtonLink";
import { begin, end } from "../parts/days";
import { Loading } from "../parts/Loading";
import { More } from "../parts/More";
import { Empty } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { PdfThumb } from "../preview/PdfThumb";
import { Viewer } from "../preview/Viewer";
import { useExport } from "../search/useExport";

const KINDS = ["image", "pdf", "document", "archive", "other"] as const;

type Kind = (typeof KINDS)[number];

/** What is looked for, as it stands in the address of the page; days as chosen. */
export interface MediaSearch {
  kind?: string | undefined;
  name?: string | undefined;
  sender?: string | undefined;
  size?: string | undefined;
  from?: string | undefined;
  until?: string | undefined;
  list?: "1" | undefined;
}

const SIZES = ["100", "1000", "10000"] as const;
/** Larger pictures and documents are not fetched for a preview, octets. */
const PREVIEW_MAX = 5_000_000;
/** So many can be chosen. */
const CHOSEN_MAX = 100;

const SIGNS: Record<Kind, ComponentType<{ size: number; stroke: number }>> = {
  image: IconPhoto,
  pdf: IconFileTypePdf,
  document: IconFileText,
  archive: IconFileZip,
  other: IconFile,
};

const isKind = (word: string | undefined): word is Kind => KINDS.some((kind) => kind === word);

function asked({ kind, name, sender, size, from, until }: MediaSearch): Record<string, string> {
  const words = {
    kind: isKind(kind) ? kind : undefined,
    name,
    sender,
    octets_min: size === undefined ? undefined : String(Number(size) * 1000),
    from: begin(from ?? ""),
    until: end(until ?? ""),
  };
  return Object.fromEntries(Object.entries(words).filter((word): word is [string, string] => Boolean(word[1])));
}

const keyOf = ({ mail_id, part }: Attachment) => `${mail_id}:${part}`;

/** Attachments over all mails: looked for, looked at, handed out. */
export function MediaView() {
  const { t } = useTranslation();
  const search: MediaSearch = useSearch({ strict: false });
  const query = asked(search);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const found = useInfiniteQuery({
    queryKey: ["media", query],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/api/v1/media", {
          params: { query: { ...query, limit: 60, ...(pageParam !== null && { cursor: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
  const rows = found.data?.pages.flatMap(({ items }) => items) ?? [];
  const choose = (key: string) => {
    const next = new Set(chosen);
    if (!next.delete(key) && next.size < CHOSEN_MAX) {
      next.add(key);
    }
    setChosen(next);
  };
  const list = search.list !== undefined;
  return (
    <div className={page.page}>
      <div className={page.wide}>
        <PageHead title={t("media.title")} lead={t("media.lead")}>
          <Export query={query} chosen={chosen} onClear={() => setChosen(new Set())} />
        </PageHead>
        <Filters search={search} />
        <Loading of={found} what={t("media.failed")} height={260} />
        {found.isSuccess && rows.length === 0 && !found.hasNextPage ? (
          <Empty icon={IconPaperclip}>{t("media.none")}</Empty>
        ) : null}
        {rows.length > 0 ? (
          <ul className={list ? css.rows : css.grid} aria-label={t("media.title")}>
            {rows.map((row) => (
              <li key={keyOf(row)}>
                <Item row={row} list={list} chosen={chosen.has(keyOf(row))} onChoose={() => choose(keyOf(row))} />
              </li>
            ))}
          </ul>
        ) : null}
        <More of={found} label={t("media.more")} failed={t("media.failed")} />
      </div>
    </div>
  );
}

interface ItemProps {
  row: Attachment;
  list: boolean;
  chosen: boolean;
  onChoose: () => void;
}

function Item({ row, list, chosen, onChoose }: ItemProps) {
  const { t } = useTranslation();
  const { octets, listDate } = useFormats();
  const name = row.name ?? t("reader.nameless");
  const href = `/api/v1/messages/${row.mail_id}/parts/${row.part}`;
  const Sign = row.held ? IconLock : SIGNS[row.kind];
  const from = row.from === null ? "" : (row.from.name ?? row.from.address);
  const box = <Checkbox className={css.choose} aria-label={t("media.choose", { name })} checked={chosen} onChange={onChoose} />;
  const about = (
    <div className={css.about}>
      <span className={css.name}>{name}</span>
      <span className={css.facts}>
        {octets(row.octets)} · {listDate(row.date)}
      </span>
      <span className={css.facts}>{from}</span>
      {row.held ? (
        <span className={css.held}>
          <IconLock size={14} aria-hidden /> {t("media.held")}
        </span>
      ) : null}
    </div>
  );
  const acts = (
    <div className={css.acts}>
      <ButtonLink
        to={`/mail/all?${new URLSearchParams({ id: row.mail_id }).toString()}`}
        variant="subtle"
        size="compact-sm"
        leftSection={<IconMailOpened size={15} aria-hidden />}
        aria-label={t("media.openMailOf", { name })}
      >
        {t("media.openMail")}
      </ButtonLink>
      {row.held ? null : (
        <ActionIcon component="a" href={href} download variant="subtle" aria-label={t("media.download", { name })}>
          <IconDownload size={17} stroke={1.7} />
        </ActionIcon>
      )}
    </div>
  );
  if (list) {
    return (
      <div className={css.file}>
        {box}
        <Sign size={22} stroke={1.6} />
        {about}
        {acts}
      </div>
    );
  }
  return (
    <div className={`${css.tile} ${chosen ? css.chosen : ""}`}>
      {(row.kind === "image" || row.kind === "pdf") && !row.held && row.octets <= PREVIEW_MAX ? (
        <Preview kind={row.kind} name={name} href={href} />
      ) : (
        <div className={css.picture}>
          <Sign size={44} stroke={1.2} />
        </div>
      )}
      {box}
      {about}
      {acts}
    </div>
  );
}

/** What cannot be shown is a sign. */
function Preview({ kind, name, href }: { kind: "image" | "pdf"; name: string; href: string }) {
  const { t } = useTranslation();
  const [failed, setFailed] = useState(false);
  const [open, setOpen] = useState(false);
  const Sign = SIGNS[kind];
  const sign = <Sign size={44} stroke={1.2} />;
  return (
    <>
      <UnstyledButton className={css.picture} aria-label={t("media.show", { name })} onClick={() => setOpen(true)}>
        {kind === "pdf" ? (
          <PdfThumb href={href} sign={sign} />
        ) : failed ? (
          sign
        ) : (
          <img src={href} alt="" loading="lazy" onError={() => setFailed(true)} />
        )}
      </UnstyledButton>
      {open ? <Viewer kind={kind} name={name} href={href} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

interface ExportProps {
  query: Record<string, string>;
  chosen: ReadonlySet<string>;
  onClear: () => void;
}

function Export({ query, chosen, onClear }: ExportProps) {
  const { t } = useTranslation();
  const { start, pending, dialog } = useExport();
  const words = chosen.size > 0 ? { chosen: [...chosen].join(",") } : query;
  const q = new URLSearchParams(words).toString();
  return (
    <div className={page.row}>
      {chosen.size > 0 ? (
        <Button variant="subtle" onClick={onClear}>
          {t("media.chooseNone")}
        </Button>
      ) : null}
      <Button
        variant="default"
        loading={pending}
        leftSection={<IconDownload size={16} aria-hidden />}
        onClick={() =>
          start({
            address: `/api/v1/media/export?${q}`,
            q,
            format: "attachments",
            check: () => take(api.GET("/api/v1/media/export/check", { params: { query: words } })),
          })
        }
      >
        {chosen.size > 0 ? t("media.exportChosen", { count: chosen.size }) : t("media.export")}
      </Button>
      {dialog}
    </div>
  );
}

function Filters({ search }: { search: MediaSearch }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [name, setName] = useState(search.name ?? "");
  const [sender, setSender] = useState(search.sender ?? "");
  const choose = (part: MediaSearch) => void navigate({ to: "/media", search: { ...search, ...part }, replace: true });
  const typed = () => {
    const [byName, bySender] = [name.trim() || undefined, sender.trim() || undefined];
    if (byName !== search.name || bySender !== search.sender) {
      choose({ name: byName, sender: bySender });
    }
  };
  return (
    <form
      className={css.filters}
      role="search"
      aria-label={t("media.filters")}
      onSubmit={(event) => {
        event.preventDefault();
        typed();
      }}
      onBlur={typed}
    >
      <Select
        label={t("media.kind")}
        placeholder={t("media.allKinds")}
        clearable
        data={KINDS.map((value) => ({ value, label: t(`media.kinds.${value}`) }))}
        value={isKind(search.kind) ? search.kind : null}
        onChange={(kind) => choose({ kind: kind ?? undefined })}
      />
      <TextInput label={t("media.name")} maxLength={320} value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <TextInput label={t("media.sender")} maxLength={320} value={sender} onChange={(event) => setSender(event.currentTarget.value)} />
      <Select
        label={t("media.size")}
        placeholder={t("media.anySize")}
        clearable
        data={SIZES.map((value) => ({ value, label: t(`media.sizes.${value}`) }))}
        value={search.size ?? null}
        onChange={(size) => choose({ size: size ?? undefined })}
      />
      <TextInput
        type="date"
        label={t("media.from")}
        value={search.from ?? ""}
        onChange={(event) => choose({ from: event.currentTarget.value || undefined })}
      />
      <TextInput
        type="date"
        label={t("media.until")}
        value={search.until ?? ""}
        onChange={(event) => choose({ until: event.currentTarget.value || undefined })}
      />
      <Button type="submit" variant="default">
        {t("addresses.find")}
      </Button>
      <SegmentedControl
        className={css.check}
        aria-label={t("media.look")}
        data={[
          { value: "grid", label: t("media.grid") },
          { value: "list", label: t("media.list") },
        ]}
        value={search.list === undefined ? "grid" : "list"}
        onChange={(look) => choose({ list: look === "list" ? "1" : undefined })}
      />
    </form>
  );
}
