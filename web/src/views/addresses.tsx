import { Button, Select, Skeleton, TextInput } from "@mantine/core";
import { IconMailCheck, IconSearch } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { addressesQuery } from "../api/queries";
import { AddressRows } from "../bounces/AddressRows";
import css from "../bounces/bounces.module.css";
import { More } from "../bounces/More";
import { addressPath, isStateWord, looksLikeAddress, STATE_WORDS } from "../bounces/states";
import { ButtonLink } from "../parts/ButtonLink";
import { Delayed } from "../parts/Delayed";
import { Failure } from "../parts/Failure";
import { Empty } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";

/** Addresses something happened to, by state; the newest first. */
export function Addresses() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { state: asked } = useSearch({ strict: false });
  const state = isStateWord(asked) ? asked : undefined;
  const found = useInfiniteQuery(addressesQuery(state, 100));
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
                search: { state: isStateWord(value ?? undefined) ? (value ?? undefined) : undefined },
                replace: true,
              })
            }
          />
          <LookUp />
        </div>
        {found.isPending ? (
          <Delayed>
            <Skeleton height={220} radius="md" />
          </Delayed>
        ) : null}
        {found.error !== null && found.data === undefined ? (
          <Failure error={found.error} what={t("addresses.failed")} retry={() => void found.refetch()} />
        ) : null}
        {found.isSuccess && rows.length === 0 ? (
          state === undefined ? (
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

/** Leads to the page of an address that is known by heart. */
function LookUp() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [typed, setTyped] = useState("");
  const [broken, setBroken] = useState(false);
  return (
    <form
      className={css.lookUp}
      role="search"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        const fits = looksLikeAddress(typed);
        setBroken(!fits);
        if (fits) {
          void navigate({ href: addressPath(typed.trim()) });
        }
      }}
    >
      <TextInput
        label={t("addresses.lookUp")}
        placeholder={t("addresses.lookUpHint")}
        type="email"
        autoComplete="off"
        leftSection={<IconSearch size={16} aria-hidden />}
        value={typed}
        error={broken ? t("form.emailBroken") : undefined}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setBroken(false);
        }}
      />
      <Button type="submit" variant="default">
        {t("addresses.show")}
      </Button>
    </form>
  );
}
