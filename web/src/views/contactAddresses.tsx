import { SegmentedControl } from "@mantine/core";
import { IconAddressBook } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../api/session";
import { ExtraAddressList } from "../links/ExtraAddresses";
import { extraAddressesQuery } from "../links/queries";
import { Loading } from "../parts/Loading";
import { More } from "../parts/More";
import { Empty } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";

const STATES = ["proposed", "confirmed", "rejected"] as const;

/** Addresses from which contacts seem to write too, and their deputies: a person confirms or rejects them. */
export function ContactAddresses() {
  const { t } = useTranslation();
  const [state, setState] = useState<(typeof STATES)[number]>("proposed");
  const found = useInfiniteQuery(extraAddressesQuery(state));
  const rows = found.data?.pages.flatMap(({ items }) => items) ?? [];
  const mayChange = useSession().user.role !== "auditor";
  return (
    <div className={page.inner}>
      <PageHead title={t("contactAddresses.title")} lead={t("contactAddresses.lead")} />
      <section className={page.card} aria-label={t("contactAddresses.title")}>
        <SegmentedControl
          aria-label={t("contactAddresses.which")}
          data={STATES.map((value) => ({ value, label: t(`contactAddresses.lists.${value}`) }))}
          value={state}
          onChange={(value) => setState(STATES.find((one) => one === value) ?? "proposed")}
        />
        <Loading of={found} what={t("contactAddresses.failed")} height={80} />
        {found.isSuccess && rows.length === 0 ? (
          <Empty icon={IconAddressBook}>{t(`contactAddresses.none.${state}`)}</Empty>
        ) : null}
        <ExtraAddressList of={rows} mayChange={mayChange} named />
        <More of={found} label={t("feedback.more")} failed={t("contactAddresses.failed")} />
      </section>
    </div>
  );
}
