import { Button, Checkbox, Select } from "@mantine/core";
import { IconChartBar, IconLinkPlus, IconMoodSmile, IconUserQuestion } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../api/session";
import type { ImportItem, Kind, LinksChange, OpenReason } from "../api/types";
import { useCommand } from "../keys/dispatch";
import { useFormats } from "../lang/format";
import css from "../links/links.module.css";
import { importListQuery } from "../links/queries";
import { RecordPicker } from "../links/RecordPicker";
import { Suggestions } from "../links/Suggestions";
import { useLinkChange } from "../links/useLinkChange";
import { ButtonLink } from "../parts/ButtonLink";
import { FREQUENT_KINDS, RARE_KINDS } from "../parts/kinds";
import { Loading } from "../parts/Loading";
import { More } from "../parts/More";
import { Empty, Pill } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { PlainLink } from "../parts/PlainLink";

const REASONS = ["order", "quote", "contact", "suggested", "none"] as const satisfies readonly OpenReason[];

/** Mails linking could not decide about: a person does, many at once if need be. */
export function ImportList() {
  const { t } = useTranslation();
  const { number } = useFormats();
  const router = useRouter();
  const mayChange = useSession().user.role !== "auditor";
  const [chosen, setChosen] = useState<OpenReason>();
  const [kind, setKind] = useState<Kind>();
  const [own, setOwn] = useState(false);
  // Which group is worth looking at shows the first answer.
  const [first, setFirst] = useState<OpenReason>("order");
  const reason = chosen ?? first;
  const list = useInfiniteQuery(importListQuery(reason, kind, own));
  const groups = list.data?.pages[0]?.groups ?? [];
  const filled = groups.find((group) => group.count > 0 && group.reason !== "quarantined")?.reason;
  if (chosen === undefined && filled !== undefined && filled !== first) {
    setFirst(filled);
  }
  const items = list.data?.pages.flatMap((one) => one.items) ?? [];
  const [cursor, setCursor] = useState(0);
  const [byKeys, setByKeys] = useState(false);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [picking, setPicking] = useState<string[]>();
  const change = useLinkChange();
  const at = Math.min(cursor, Math.max(0, items.length - 1));
  const ids = items.map(({ message }) => message.mail_id).filter((id) => selected.has(id));
  const meant = ids.length > 0 ? ids : items[at] === undefined ? [] : [items[at].message.mail_id];
  const act = (wanted: Partial<LinksChange>) => {
    setSelected(new Set());
    change.mutate(wanted);
  };
  const toggle = (id: string) => {
    const next = new Set(selected);
    if (!next.delete(id)) {
      next.add(id);
    }
    setSelected(next);
  };
  const move = (step: 1 | -1) => {
    const next = byKeys ? Math.min(Math.max(0, at + step), items.length - 1) : at;
    setByKeys(true);
    setCursor(next);
    document.getElementById(`open-${items[next]?.message.mail_id ?? ""}`)?.scrollIntoView({ block: "nearest" });
  };
  const some = items.length > 0;
  useCommand("next", () => move(1), some);
  useCommand("previous", () => move(-1), some);
  useCommand("select", () => items[at] !== undefined && toggle(items[at].message.mail_id), some && mayChange);
  useCommand("open", () => void router.navigate({ href: `/m/${items[at]?.message.mail_id ?? ""}` }), some);
  useCommand("link", () => setPicking(meant), some && mayChange);
  useCommand("needsNone", () => act({ mails: meant, none: true }), some && mayChange);
  const show = (wanted: OpenReason) => {
    setChosen(wanted);
    setSelected(new Set());
    setCursor(0);
    setByKeys(false);
  };
  return (
    <div className={page.page}>
      <div className={page.inner}>
        <PageHead title={t("importList.title")} lead={t("importList.lead")}>
          <ButtonLink
            to="/import-list/statistics"
            variant="default"
            leftSection={<IconChartBar size={17} aria-hidden />}
          >
            {t("linkStatistics.title")}
          </ButtonLink>
        </PageHead>
        <div className={css.groups} role="group" aria-label={t("importList.reason")}>
          {REASONS.map((one) => {
            const group = groups.find((found) => found.reason === one);
            return (
              <button
                key={one}
                type="button"
                className={css.group}
                aria-pressed={one === reason}
                onClick={() => show(one)}
              >
                {t(`importList.reasons.${one}`)}
                {group === undefined ? null : (
                  <span className={css.count}>{`${number(group.count)}${group.more ? "+" : ""}`}</span>
                )}
              </button>
            );
          })}
          <PlainLink to="/quarantine" className={css.group}>
            {t("importList.reasons.quarantined")}
            <span className={css.count}>
              {number(groups.find((group) => group.reason === "quarantined")?.count ?? 0)}
            </span>
          </PlainLink>
        </div>
        <p className={page.dimmed}>{t(`importList.reasonsWhat.${reason as (typeof REASONS)[number]}`)}</p>
        <div className={css.tools}>
          <Select
            label={t("importList.kind")}
            placeholder={t("importList.allKinds")}
            clearable
            clearButtonProps={{ "aria-label": t("importList.allKinds") }}
            value={kind ?? null}
            onChange={(value) => setKind([...FREQUENT_KINDS, ...RARE_KINDS].find((one) => one === value))}
            data={[...FREQUENT_KINDS, ...RARE_KINDS].map((one) => ({ value: one, label: t(`kindsPlural.${one}`) }))}
          />
          <Checkbox
            label={t("importList.own")}
            checked={own}
            onChange={(event) => setOwn(event.currentTarget.checked)}
          />
        </div>
        {ids.length === 0 ? null : (
          <div className={css.bulk} role="group" aria-label={t("importList.bulk")}>
            <b>{t("importList.selected", { count: ids.length })}</b>
            <Button size="compact-md" leftSection={<IconLinkPlus size={16} aria-hidden />} onClick={() => setPicking(ids)}>
              {t("links.link")}
            </Button>
            <Button size="compact-md" variant="default" onClick={() => act({ mails: ids, none: true })}>
              {t("links.needsNone")}
            </Button>
            <Button size="compact-md" variant="default" onClick={() => setSelected(new Set())}>
              {t("importList.unselect")}
            </Button>
          </div>
        )}
        <Loading of={list} what={t("importList.failed")} height={90} count={3} />
        {list.isSuccess && items.length === 0 && !list.hasNextPage ? (
          <Empty icon={IconMoodSmile}>{t("importList.none")}</Empty>
        ) : null}
        <ul className={css.items} aria-label={t("importList.title")}>
          {items.map((item, index) => (
            <Item
              key={item.message.mail_id}
              item={item}
              isCursor={byKeys && index === at}
              selected={selected.has(item.message.mail_id)}
              mayChange={mayChange}
              onSelect={() => toggle(item.message.mail_id)}
              onPick={() => setPicking([item.message.mail_id])}
              onChange={act}
            />
          ))}
        </ul>
        <More of={list} label={t("feedback.more")} failed={t("importList.failed")} />
      </div>
      {picking === undefined ? null : (
        <RecordPicker
          title={t("importList.linkTitle", { count: picking.length })}
          onClose={() => setPicking(undefined)}
          onPick={(record) => {
            setPicking(undefined);
            act({ mails: picking, set: [record] });
          }}
        />
      )}
    </div>
  );
}

interface ItemProps {
  item: ImportItem;
  isCursor: boolean;
  selected: boolean;
  mayChange: boolean;
  onSelect: () => void;
  onPick: () => void;
  onChange: (change: Partial<LinksChange>) => void;
}

function Item({ item, isCursor, selected, mayChange, onSelect, onPick, onChange }: ItemProps) {
  const { t } = useTranslation();
  const { listDate } = useFormats();
  const { message } = item;
  const subject = message.subject ?? t("list.noSubject");
  const mails = [message.mail_id];
  return (
    <li id={`open-${message.mail_id}`} className={css.item} data-cursor={isCursor}>
      {mayChange ? (
        <Checkbox aria-label={t("importList.select", { subject })} checked={selected} onChange={onSelect} />
      ) : (
        <span />
      )}
      <div>
        <div className={css.line}>
          <PlainLink to={`/m/${message.mail_id}`} className={css.title}>
            {subject}
          </PlainLink>
          <time className={css.dimmed} dateTime={message.date}>
            {listDate(message.date)}
          </time>
        </div>
        <div className={css.dimmed}>
          {message.from?.name ?? message.from?.address ?? t("list.unknownSender")} · {message.preview}
        </div>
        {item.stranger ? (
          <Pill tone="warn" icon={IconUserQuestion}>
            {t("links.stranger")}
          </Pill>
        ) : null}
        <Suggestions mails={mails} of={item.suggestions} mayChange={mayChange} onChange={onChange} />
        {mayChange ? (
          <div className={css.row}>
            <Button size="compact-sm" variant="default" onClick={onPick}>
              {t("links.linkWith")}
            </Button>
            <Button size="compact-sm" variant="default" onClick={() => onChange({ mails, none: true })}>
              {t("links.needsNone")}
            </Button>
          </div>
        ) : null}
      </div>
    </li>
  );
}
