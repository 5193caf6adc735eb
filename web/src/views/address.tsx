import { Button } from "@mantine/core";
import { IconArrowLeft, IconBan, IconHistory, IconMailSearch, IconRestore, IconUserOff } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { addressQuery } from "../api/queries";
import { useSession } from "../api/session";
import type { AddressDetail, AddressState, Contact, Suppression } from "../api/types";
import css from "../bounces/bounces.module.css";
import { DecideDialog, type Decision } from "../bounces/DecideDialog";
import { EventItem } from "../bounces/EventItem";
import { StatePill } from "../bounces/StatePill";
import { addressPath } from "../bounces/states";
import { SuppressionFacts } from "../bounces/SuppressionFacts";
import { useListName } from "../bounces/useListName";
import { useFormats } from "../lang/format";
import { ButtonLink } from "../parts/ButtonLink";
import { Loading } from "../parts/Loading";
import { More } from "../parts/More";
import { Empty, Pill } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { PageHead } from "../parts/PageHead";
import { PlainLink } from "../parts/PlainLink";
import { wordOr } from "../reader/words";

/** One address: may it be written to, why not, and what happened to it. */
export function Address() {
  const { address: asked = "" } = useParams({ strict: false });
  const address = asked.trim().toLowerCase();
  return <Known key={address} address={address} />;
}

function Known({ address }: { address: string }) {
  const { t } = useTranslation();
  const found = useInfiniteQuery(addressQuery(address));
  const mayDecide = useSession().user.role !== "auditor";
  const [decision, setDecision] = useState<Decision>();
  const detail = found.data?.pages[0];
  const history = found.data?.pages.flatMap((one) => one.history) ?? [];
  return (
    <div className={page.page}>
      <div className={page.inner}>
        <PlainLink to="/bounces/addresses" className={css.back}>
          <IconArrowLeft size={16} aria-hidden />
          {t("address.back")}
        </PlainLink>
        <PageHead title={address}>
          <ButtonLink
            to={`/mail?q=${encodeURIComponent(address)}`}
            variant="default"
            leftSection={<IconMailSearch size={16} aria-hidden />}
          >
            {t("address.mails")}
          </ButtonLink>
          {mayDecide && detail !== undefined ? (
            <Button
              variant="default"
              leftSection={<IconBan size={16} aria-hidden />}
              onClick={() => setDecision({ what: "block", list: null })}
            >
              {t("address.block")}
            </Button>
          ) : null}
        </PageHead>
        <Loading of={found} what={t("address.failed")} height={220} />
        {detail === undefined ? null : (
          <>
            <Cards detail={detail} decide={mayDecide ? setDecision : undefined} />
            <h2 className={css.section}>{t("address.history")}</h2>
            {history.length === 0 ? <Empty icon={IconHistory}>{t("address.noHistory")}</Empty> : null}
            <ol className={css.history}>
              {history.map((event, at) => (
                <EventItem key={at} event={event} />
              ))}
            </ol>
            <More of={found} label={t("feedback.older")} failed={t("address.olderFailed")} />
          </>
        )}
        {decision === undefined ? null : (
          <DecideDialog address={address} decision={decision} onClose={() => setDecision(undefined)} />
        )}
      </div>
    </div>
  );
}

type Decide = ((decision: Decision) => void) | undefined;

function Cards({ detail, decide }: { detail: AddressDetail; decide: Decide }) {
  const { t } = useTranslation();
  return (
    <div className={`${page.stack} ${page.spaced}`}>
      {detail.states.length === 0 ? <div className={page.card}>{t("address.unknown")}</div> : null}
      {detail.states.map((state) => (
        <StateCard key={state.list ?? ""} state={state} decide={decide} />
      ))}
      {detail.suppressions.length === 0 ? null : <Suppressions entries={detail.suppressions} />}
      {detail.contacts.map((contact) => (
        <ContactCard key={contact.number} contact={contact} address={detail.address} />
      ))}
    </div>
  );
}

function StateCard({ state, decide }: { state: AddressState; decide: Decide }) {
  const { t } = useTranslation();
  const { shortDate } = useFormats();
  const listName = useListName();
  const where = state.list === null ? t("feedback.everywhere") : t("feedback.forList", { name: listName(state.list) });
  const counted = [
    t("address.failures", { count: state.failures }),
    ...(state.hard > 0 ? [t("address.hard", { count: state.hard })] : []),
    ...(state.soft_recent > 0 ? [t("address.soft", { count: state.soft_recent })] : []),
  ];
  const clearable = state.state !== "fine" || state.failures > 0;
  return (
    <article className={page.card} aria-label={where}>
      <div className={page.cardHead}>
        <h2>{where}</h2>
        <StatePill state={state.state} />
        {decide !== undefined && clearable ? (
          <span className={page.end}>
            <Button
              size="xs"
              variant="default"
              leftSection={<IconRestore size={15} aria-hidden />}
              onClick={() => decide({ what: "clear", list: state.list })}
            >
              {t("address.clear")}
            </Button>
          </span>
        ) : null}
      </div>
      <p>{t(`feedback.means.${state.state}`)}</p>
      <Facts>
        <dt>{t("address.reason")}</dt>
        <dd>{wordOr(t, `feedback.because.${state.reason}`, state.reason)}</dd>
        <dt>{t("address.since")}</dt>
        <dd>{state.since === null ? t("address.always") : shortDate(state.since)}</dd>
        {state.state === "fine" ? null : (
          <>
            <dt>{t("address.expires")}</dt>
            <dd>{state.expires === null ? t("address.never") : shortDate(state.expires)}</dd>
          </>
        )}
        <dt>{t("address.counted")}</dt>
        <dd>{counted.join(", ")}</dd>
      </Facts>
    </article>
  );
}

function Facts({ children }: { children: ReactNode }) {
  return <dl className={page.facts}>{children}</dl>;
}

function Suppressions({ entries }: { entries: Suppression[] }) {
  const { t } = useTranslation();
  return (
    <section className={page.card}>
      <div className={page.cardHead}>
        <h2>{t("address.suppressions")}</h2>
        <span className={page.end}>
          <ButtonLink to="/bounces/suppression" size="xs" variant="default">
            {t("nav.suppression")}
          </ButtonLink>
        </span>
      </div>
      <ul className={css.steps}>
        {entries.map((entry) => (
          <li key={entry.key}>
            <SuppressionFacts entry={entry} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function ContactCard({ contact, address }: { contact: Contact; address: string }) {
  const { t } = useTranslation();
  const others = contact.addresses.filter((one) => one.toLowerCase() !== address);
  return (
    <article className={page.card} aria-label={contact.name}>
      <div className={page.cardHead}>
        <h2>{contact.name}</h2>
        <span className={page.dimmed}>{t("address.number", { number: contact.number })}</span>
        {contact.active ? null : (
          <Pill tone="warn" icon={IconUserOff}>
            {t("address.inactive")}
          </Pill>
        )}
      </div>
      {others.length === 0 ? null : (
        <Facts>
          <dt>{t("address.otherAddresses")}</dt>
          {others.map((one) => (
            <dd key={one}>
              <PlainLink to={addressPath(one)} className={css.link}>
                {one}
              </PlainLink>
            </dd>
          ))}
        </Facts>
      )}
    </article>
  );
}
