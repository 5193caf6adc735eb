import { Button, Select, TextInput } from "@mantine/core";
import { IconMailCheck, IconSearch } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { addressesQuery } from "../api/queries";
import { AddressRows } from "../bounces/AddressRows";
import css from "../bounces/bounces.module.css";
import { addressPath, isStateWord, looksLikeAddress, STATE_WORDS } from "../bounces/states";
import { ButtonLink } from "../parts/ButtonLink";
import { Loading } from "../parts/Loading";
import { More } from "../parts/More";
import { Empty } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";

/** Addresses something happened to, by state; the newest first. */
export function Addresses() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { state: asked, q = "" } = useSearch({ strict: false });
  const state = isStateWord(asked) ? asked : undefined;
  const found = useInfiniteQuery(addressesQuery(state, 100, q));
  const rows = found.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <div className={page.page}>
      <div className={page.inner}>
        <PageHead title={t("addresses.title")} lead={t("addresses.lead")} />
        <div className={css.tools}>
          <Select
            label={t("addresses.filter")}
            className={css.filter}
            allowDeselect={false}
            data={[
              { value: "all", label: t("addresses.all") },
              ...STATE_WORDS.map((value) => ({ value, label: t(`feedback.states.${value}`) })),
            ]}
            value={state ?? "all"}
            onChange={(value) =>
              void navigate({
                to: "/bounces/addresses",
                search: (now) => ({ ...now, state: isStateWord(value ?? undefined) ? (value ?? undefined) : undefined }),
                replace: true,
              })
            }
          />
          <SearchField key={q} q={q} />
        </div>
        <Loading of={found} what={t("addresses.failed")} height={220} />
        {found.isSuccess && rows.length === 0 ? (
          q !== "" ? (
            <Empty
              icon={IconSearch}
              action={
                looksLikeAddress(q) ? (
                  <ButtonLink to={addressPath(q.trim())} variant="default">
                    {t("addresses.openAnyway", { address: q.trim() })}
                  </ButtonLink>
                ) : undefined
              }
            >
              {t("addresses.noneFound")}
            </Empty>
          ) : state === undefined ? (
            <Empty icon={IconMailCheck}>{t("addresses.none")}</Empty>
          ) : (
            <Empty
              icon={IconMailCheck}
              action={
                <ButtonLink to="/bounces/addresses" variant="default">
                  {t("addresses.showAll")}
                </ButtonLink>
              }
            >
              {t("addresses.noneOfState")}
            </Empty>
          )
        ) : null}
        <AddressRows rows={rows} label={t("addresses.title")} />
        <More of={found} label={t("feedback.more")} failed={t("addresses.moreFailed")} />
      </div>
    </div>
  );
}

/** Part of an address; what is searched for stands in the address of the page. */
function SearchField({ q }: { q: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [typed, setTyped] = useState(q);
  const search = (text: string) =>
    void navigate({
      to: "/bounces/addresses",
      search: (now) => ({ ...now, q: text.trim() === "" ? undefined : text.trim() }),
      replace: true,
    });
  return (
    <form
      className={css.lookUp}
      role="search"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        search(typed);
      }}
    >
      <TextInput
        label={t("addresses.search")}
        placeholder={t("addresses.searchHint")}
        type="search"
        maxLength={320}
        autoComplete="off"
        leftSection={<IconSearch size={16} aria-hidden />}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          if (event.currentTarget.value === "" && q !== "") {
            search("");
          }
        }}
      />
      <Button type="submit" variant="default">
        {t("addresses.find")}
      </Button>
    </form>
  );
}
