import { Button, Select, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, done } from "../api/client";
import { isProblem } from "../api/problem";
import type { AddressDecisionRequest, ExtraAddress } from "../api/types";
import { addressPath } from "../bounces/states";
import { useFormats } from "../lang/format";
import { Pill } from "../parts/Notice";
import { PlainLink } from "../parts/PlainLink";
import { tellFailure } from "../parts/toast";
import { tellUndo } from "../parts/undo";
import css from "./links.module.css";
import { recordPath, recordTitle } from "./words";

interface Wish extends AddressDecisionRequest {
  number: string;
  address: string;
  /** What is undone goes back to this. */
  was: AddressDecisionRequest["state"];
}

/** Confirms and rejects addresses of contacts; each decision can be taken back for a while. */
export function useAddressDecision() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const put = async ({ number, address, used, state }: Omit<Wish, "was">) => {
    await done(
      api.PUT("/api/v1/links/records/{kind}/{number}/addresses/{address}", {
        params: { path: { kind: "contact", number, address } },
        body: { used, state },
      }),
    );
    await Promise.all([
      client.invalidateQueries({ queryKey: ["extraAddresses"] }),
      client.invalidateQueries({ queryKey: ["record", "contact", number] }),
    ]);
  };
  return useMutation({
    mutationFn: (wish: Wish) => put(wish),
    onSuccess: (_, { was, ...wish }) => {
      const { state, address } = wish;
      tellUndo(t(`contactAddresses.did.${state}`, { address }), () => put({ ...wish, state: was }));
    },
    onError: (error) => tellFailure(t("contactAddresses.notChanged"), isProblem(error) ? error.detail : undefined),
  });
}

interface ListProps {
  of: readonly ExtraAddress[];
  mayChange: boolean;
  /** Of several contacts: each is named. */
  named?: boolean;
}

/** Addresses of contacts that their source does not name, with what a person may say of them. */
export function ExtraAddressList({ of, mayChange, named = false }: ListProps) {
  const { t } = useTranslation();
  const { listDate } = useFormats();
  const decide = useAddressDecision();
  const tones = { proposed: "warn", confirmed: "ok", rejected: "neutral" } as const;
  return (
    <ul className={css.mails} aria-busy={decide.isPending}>
      {of.map((extra) => {
        const { address, used, state, record, mail, user } = extra;
        const wish = (wanted: AddressDecisionRequest["state"]) => () =>
          decide.mutate({ number: record.number, address, used, state: wanted, was: state });
        return (
          <li key={`${record.number} ${used} ${address}`}>
            <div className={css.line}>
              <PlainLink to={addressPath(address)} className={css.title}>
                {address}
              </PlainLink>
              <Pill tone={tones[state]}>{t(`contactAddresses.states.${used}.${state}`)}</Pill>
            </div>
            {named ? (
              <div>
                <PlainLink to={recordPath(record)}>{recordTitle(t, record)}</PlainLink>
                {record.name === "" ? null : ` · ${record.name}`}
              </div>
            ) : null}
            <div className={css.dimmed}>
              {t(`contactAddresses.why.${mail === null ? "typed" : used}`)}
              {mail === null ? null : (
                <>
                  {": "}
                  <PlainLink to={`/m/${mail.mail_id}`}>
                    {mail.subject === "" ? t("list.noSubject") : mail.subject}
                  </PlainLink>{" "}
                  · {listDate(mail.date)}
                </>
              )}
              {user === null ? null : ` · ${user}`}
            </div>
            {mayChange ? (
              <div className={css.row}>
                {state === "confirmed" ? null : (
                  <Button
                    size="compact-sm"
                    variant={state === "proposed" ? "filled" : "default"}
                    aria-label={t("contactAddresses.confirmOf", { address })}
                    onClick={wish("confirmed")}
                  >
                    {t("contactAddresses.confirm")}
                  </Button>
                )}
                {state === "rejected" ? null : (
                  <Button
                    size="compact-sm"
                    variant="default"
                    aria-label={t("contactAddresses.rejectOf", { address })}
                    onClick={wish("rejected")}
                  >
                    {t("contactAddresses.reject")}
                  </Button>
                )}
              </div>
            ) : null}
          </li>
        );
      })}
    </ul>
  );
}

/** Adds an address to a contact by hand. */
export function AddAddress({ number }: { number: string }) {
  const { t } = useTranslation();
  const decide = useAddressDecision();
  const [address, setAddress] = useState("");
  const [used, setUsed] = useState<AddressDecisionRequest["used"]>("own");
  return (
    <form
      className={css.tools}
      aria-label={t("contactAddresses.add")}
      onSubmit={(event) => {
        event.preventDefault();
        const wish = { number, address: address.trim(), used, state: "confirmed", was: "proposed" } as const;
        decide.mutate(wish, { onSuccess: () => setAddress("") });
      }}
    >
      <TextInput
        type="email"
        label={t("contactAddresses.address")}
        maxLength={320}
        value={address}
        onChange={(event) => setAddress(event.currentTarget.value)}
      />
      <Select
        label={t("contactAddresses.used")}
        allowDeselect={false}
        data={[
          { value: "own", label: t("contactAddresses.uses.own") },
          { value: "deputy", label: t("contactAddresses.uses.deputy") },
        ]}
        value={used}
        onChange={(value) => setUsed(value === "deputy" ? "deputy" : "own")}
      />
      <Button type="submit" variant="default" disabled={!address.includes("@")} loading={decide.isPending}>
        {t("contactAddresses.add")}
      </Button>
    </form>
  );
}
