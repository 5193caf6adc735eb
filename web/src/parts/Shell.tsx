import { useMantineColorScheme } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconCloudOff, IconExclamationCircle, IconHourglass, IconPlugConnectedX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Outlet, useNavigate, useRouter } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLive } from "../api/live";
import { isProblem } from "../api/problem";
import { doctorQuery, queryClient, sessionQuery } from "../api/queries";
import { useReach } from "../api/reach";
import { applyProfile } from "../api/session";
import { delayedApprovalsQuery } from "../approvals/queries";
import { useCommand, useKeys } from "../keys/dispatch";
import { useFormats } from "../lang/format";
import { DropOverlay } from "./DropOverlay";
import { Navigation } from "./Navigation";
import { PlainLink } from "./PlainLink";
import { TopBar } from "./TopBar";
import css from "./Shell.module.css";

const Palette = lazy(() => import("./Palette").then((module) => ({ default: module.Palette })));
const MenuDrawer = lazy(() => import("./MenuDrawer").then((module) => ({ default: module.MenuDrawer })));
const KeyHelp = lazy(() => import("./KeyHelp").then((module) => ({ default: module.KeyHelp })));

/** The frame around every page behind the login. */
export function Shell() {
  const { t } = useTranslation();
  const [menu, { open, close }] = useDisclosure(false);
  useKeys();
  useLive();
  useProfile();
  useEndOfSession();
  useGoCommands();
  return (
    <div className={css.shell}>
      <a href="#main" className="skip-link">
        {t("shell.skip")}
      </a>
      <header className={css.top}>
        <ReachStrip />
        <DoctorStrip />
        <DelayedStrip />
        <TopBar onMenu={open} />
      </header>
      <div className={css.nav}>
        <Navigation />
      </div>
      <Suspense>{menu ? <MenuDrawer onClose={close} /> : null}</Suspense>
      <main id="main" className={css.main} tabIndex={-1}>
        <Outlet />
      </main>
      <DropOverlay />
      <Dialogs />
    </div>
  );
}

/** Palette and help are loaded when first asked for. */
function Dialogs() {
  const [palette, setPalette] = useState(0);
  const [help, setHelp] = useState(false);
  useCommand("palette", () => setPalette((times) => times + 1));
  useCommand("help", () => setHelp(true));
  return (
    <Suspense>
      {palette > 0 ? <Palette asked={palette} /> : null}
      {help ? <KeyHelp onClose={() => setHelp(false)} /> : null}
    </Suspense>
  );
}

function ReachStrip() {
  const { t } = useTranslation();
  const reach = useReach();
  if (reach === "ok") {
    return null;
  }
  const Sign = reach === "offline" ? IconCloudOff : IconPlugConnectedX;
  return (
    <div className={css.strip} role="status">
      <Sign size={18} aria-hidden />
      {reach === "offline" ? t("shell.offline") : t("shell.gone")}
    </div>
  );
}

/** What is critical stands on every page. */
function DoctorStrip() {
  const { t } = useTranslation();
  const { data } = useQuery(doctorQuery);
  const critical = data?.conditions.filter((of) => of.severity === "critical") ?? [];
  const [first] = critical;
  if (first === undefined) {
    return null;
  }
  return (
    <div className={`${css.strip} ${css.critical}`} role="status">
      <IconExclamationCircle size={18} aria-hidden />
      <span>{critical.length === 1 ? first.what : t("doctor.critical", { count: critical.length })}</span>
      <PlainLink to="/doctor">{t("doctor.look")}</PlainLink>
    </div>
  );
}

/** What the only administrator may approve alone after a while, everybody knows until then. */
function DelayedStrip() {
  const { t } = useTranslation();
  const { shortDate } = useFormats();
  const { data } = useQuery(delayedApprovalsQuery);
  const first = data?.[0];
  if (first === undefined) {
    return null;
  }
  return (
    <div className={css.strip} role="status">
      <IconHourglass size={18} aria-hidden />
      <span>
        {t("approvals.strip", { name: first.asked_by, kind: t(`approvals.kind.${first.kind}`), when: shortDate(first.due) })}
      </span>
      <PlainLink to="/approvals">{t("doctor.look")}</PlainLink>
    </div>
  );
}

/** Language, zone and theme of the profile hold as soon as it is known. */
function useProfile(): void {
  const { data } = useQuery(sessionQuery);
  const { setColorScheme } = useMantineColorScheme();
  const theme = data?.user.theme;
  useEffect(() => {
    if (theme !== undefined) {
      setColorScheme(theme);
    }
    // Mantine's setter is a new function with every change of the scheme.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [theme]);
  useEffect(() => {
    const session = queryClient.getQueryData(sessionQuery.queryKey);
    if (session !== undefined) {
      void applyProfile(session);
    }
  }, []);
}

/** Leads to the login when the server no longer knows the session. */
function useEndOfSession(): void {
  const { error } = useQuery(sessionQuery);
  const router = useRouter();
  const ended = isProblem(error, 401);
  useEffect(() => {
    // Where one is now, read once: on the way to the login the address already is the login's.
    const { href, pathname } = router.latestLocation;
    if (ended && pathname !== "/login") {
      void router.navigate({ to: "/login", search: { next: href } });
    }
  }, [ended, router]);
}

function useGoCommands(): void {
  const navigate = useNavigate();
  useCommand("goAll", () => void navigate({ to: "/mail/$view", params: { view: "all" } }));
  useCommand("goBounces", () => void navigate({ to: "/mail/$view", params: { view: "bounce" } }));
  useCommand("goAddresses", () => void navigate({ to: "/bounces/addresses" }));
  useCommand("goDeleted", () => void navigate({ to: "/mail/$view", params: { view: "deleted" } }));
  useCommand("goSpam", () => void navigate({ to: "/mail/$view", params: { view: "spam" } }));
  useCommand("goManual", () => void navigate({ to: "/bounces/manual" }));
  useCommand("goImportList", () => void navigate({ to: "/import-list" }));
  useCommand("goImports", () => void navigate({ to: "/imports" }));
  useCommand("goQuarantine", () => void navigate({ to: "/quarantine" }));
  useCommand("goAccounts", () => void navigate({ to: "/settings/accounts" }));
  useCommand("goProfile", () => void navigate({ to: "/settings/profile" }));
}
