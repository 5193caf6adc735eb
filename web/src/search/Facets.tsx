import type { ComponentType, ReactNode } from "react";
import { IconCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSession } from "../api/session";
import type { Facet, SearchAnswer } from "../api/types";
import { useFormats } from "../lang/format";
import { isKind, KINDS } from "../parts/kinds";
import { tagsQuery } from "../tags/queries";
import { TagPill } from "../tags/TagPill";
import css from "./Search.module.css";
import { hasWord, toggleWord, valueOf, withValue } from "./words";

interface FacetsProps {
  q: string;
  facets: NonNullable<SearchAnswer["facets"]>;
  onSearch: (q: string) => void;
}

/** What the hits may be narrowed down to, with counts. Choosing changes the words of the query. */
export function Facets({ q, facets, onSearch }: FacetsProps) {
  const { t } = useTranslation();
  const { accounts } = useSession();
  const nameOf = (id: string) => accounts.find((account) => account.id === id)?.name;
  const kind = valueOf(q, "kind");
  const account = valueOf(q, "account");
  const year = valueOf(q, "on");
  const attached = facets.has_attachment.find(({ value }) => value === "true");
  return (
    <div className={css.facets}>
      <Group title={t("search.kind")} values={facets.kind}>
        {({ value, count }) =>
          isKind(value) ? (
            <Value
              key={value}
              icon={KINDS[value].icon}
              count={count}
              on={kind === value}
              onToggle={(on) => onSearch(withValue(q, "kind", on ? value : undefined))}
            >
              {t(`kindsPlural.${value}`)}
            </Value>
          ) : null
        }
      </Group>
      <Group title={t("search.account")} values={facets.account}>
        {({ value, count }) => {
          const name = nameOf(value);
          return name === undefined ? null : (
            <Value
              key={value}
              count={count}
              on={account === name}
              onToggle={(on) => onSearch(withValue(q, "account", on ? name : undefined))}
            >
              {name}
            </Value>
          );
        }}
      </Group>
      <TagChoice value={valueOf(q, "tag")} onChoose={(name) => onSearch(withValue(q, "tag", name))} />
      <Group title={t("search.year")} values={facets.year}>
        {({ value, count }) => (
          <Value
            key={value}
            count={count}
            on={year === value}
            onToggle={(on) => onSearch(withValue(q, "on", on ? value : undefined))}
          >
            {value}
          </Value>
        )}
      </Group>
      {attached === undefined ? null : (
        <Group title={t("search.attachments")} values={[attached]}>
          {({ count }) => (
            <Value
              key="attached"
              count={count}
              on={hasWord(q, "has:attachment")}
              onToggle={() => onSearch(toggleWord(q, "has:attachment"))}
            >
              {t("search.withAttachments")}
            </Value>
          )}
        </Group>
      )}
    </div>
  );
}

/** Only with these tags; without numbers, as the index keeps none. */
function TagChoice({ value, onChoose }: { value: string | undefined; onChoose: (name: string | undefined) => void }) {
  const { t } = useTranslation();
  const { data } = useQuery(tagsQuery);
  if (data === undefined || data.length === 0) {
    return null;
  }
  return (
    <section>
      <h2>{t("tags.title")}</h2>
      <ul className={css.values}>
        {data.map((tag) => {
          const on = value?.toLowerCase() === tag.name.toLowerCase();
          return (
            <li key={tag.key}>
              <button
                type="button"
                className={css.value}
                aria-pressed={on}
                onClick={() => onChoose(on ? undefined : tag.name)}
              >
                {on ? <IconCheck size={17} stroke={1.7} aria-hidden /> : null}
                <TagPill tag={tag} />
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Group({ title, values, children }: { title: string; values: Facet[]; children: (facet: Facet) => ReactNode }) {
  return values.length === 0 ? null : (
    <section>
      <h2>{title}</h2>
      <ul className={css.values}>
        {values.map((facet) => (
          <li key={facet.value}>{children(facet)}</li>
        ))}
      </ul>
    </section>
  );
}

interface ValueProps {
  icon?: ComponentType<{ size: number; stroke: number; "aria-hidden": boolean }>;
  count: number;
  on: boolean;
  onToggle: (on: boolean) => void;
  children: ReactNode;
}

function Value({ icon, count, on, onToggle, children }: ValueProps) {
  const { number } = useFormats();
  const Sign = on ? IconCheck : icon;
  return (
    <button type="button" className={css.value} aria-pressed={on} onClick={() => onToggle(!on)}>
      {Sign === undefined ? null : <Sign size={17} stroke={1.7} aria-hidden />}
      <span>{children}</span>
      <small>{number(count)}</small>
    </button>
  );
}
