import "@mantine/spotlight/styles.css";
import { useMantineColorScheme } from "@mantine/core";
import { Spotlight, spotlight, type SpotlightActionData } from "@mantine/spotlight";
import {
  IconAddressBook,
  IconArchive,
  IconBan,
  IconChartBar,
  IconChartDots,
  IconFileImport,
  IconFileUnknown,
  IconFolders,
  IconHandClick,
  IconHistory,
  IconInbox,
  IconLanguage,
  IconLinkOff,
  IconLinkPlus,
  IconMailbox,
  IconMoon,
  IconPaperclip,
  IconPlus,
  IconRoute,
  IconRuler2,
  IconSearch,
  IconServer,
  IconSun,
  IconUser,
  IconUserSearch,
  IconUsers,
  IconUsersGroup,
} from "@tabler/icons-react";
import { useRouter } from "@tanstack/react-router";
import { type ComponentType, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { changeProfile, chooseLanguage, useSession } from "../api/session";
import { isAnswered, run } from "../keys/dispatch";
import { COMMANDS, type CommandId } from "../keys/registry";
import { LANGUAGES } from "../lang/language";
import { KeyCaps } from "./KeyHelp";
import { FREQUENT_KINDS, KINDS, RARE_KINDS } from "./kinds";
import { LANGUAGE_NAMES } from "./LanguageMenu";

/** Commands that make no sense once the palette has taken the focus, or that are pages listed anyway. */
const NOT_HERE: readonly CommandId[] = ["next", "previous", "open", "palette"];

/** Every page and command by name, and a search for what was typed. Opens with each change of `asked`. */
export function Palette({ asked }: { asked: number }) {
  const { t } = useTranslation();
  const [query, setQuery] = useState("");
  const actions = useActions();
  const router = useRouter();
  useEffect(() => {
    spotlight.open();
  }, [asked]);
  const words = query.trim();
  const find: SpotlightActionData = {
    id: "find",
    label: t("palette.find", { query: words }),
    leftSection: <IconSearch size={18} stroke={1.7} aria-hidden />,
    onClick: () => void router.navigate({ to: "/mail", search: { q: words } }),
  };
  return (
    <Spotlight
      shortcut={null}
      attributes={{ content: { "aria-label": t("keys.names.palette") } }}
      query={query}
      onQueryChange={setQuery}
      actions={actions}
      filter={(typed, all) => {
        const wanted = typed.trim().toLowerCase();
        const fitting = (all as SpotlightActionData[]).filter((action) =>
          `${action.label} ${String(action.keywords ?? "")}`.toLowerCase().includes(wanted),
        );
        return wanted === "" ? fitting : [...fitting, find];
      }}
      limit={12}
      nothingFound={t("palette.nothing")}
      scrollable
      maxHeight={440}
      searchProps={{
        placeholder: t("shell.searchPlaceholder"),
        "aria-label": t("shell.searchPlaceholder"),
        leftSection: <IconSearch size={18} stroke={1.8} aria-hidden />,
      }}
    />
  );
}

function useActions(): SpotlightActionData[] {
  const { t, i18n } = useTranslation();
  const router = useRouter();
  const { user, accounts } = useSession();
  const { setColorScheme } = useMantineColorScheme();
  const page = (label: string, href: string, Sign: ComponentType<{ size: number; stroke: number }>) => ({
    id: href,
    label,
    leftSection: <Sign size={18} stroke={1.7} />,
    onClick: () => void router.navigate({ href }),
  });
  const administrator = user.role === "administrator";
  return [
    page(t("nav.all"), "/mail/all", IconInbox),
    ...[...FREQUENT_KINDS, ...RARE_KINDS].map((kind) =>
      page(t(`kindsPlural.${kind}`), `/mail/${kind}`, KINDS[kind].icon),
    ),
    ...accounts.map(({ id, name }) => page(name, `/mail/all?account=${id}`, IconMailbox)),
    page(t("nav.media"), "/media", IconPaperclip),
    page(t("nav.senders"), "/senders", IconUserSearch),
    page(t("nav.importList"), "/import-list", IconLinkPlus),
    page(t("nav.linkStatistics"), "/import-list/statistics", IconChartDots),
    page(t("settings.blocklist"), "/settings/blocklist", IconLinkOff),
    page(t("contactAddresses.title"), "/settings/contact-addresses", IconAddressBook),
    page(t("folders.title"), "/settings/folders", IconFolders),
    page(t("nav.bounces"), "/bounces", IconChartBar),
    page(t("nav.addresses"), "/bounces/addresses", IconAddressBook),
    page(t("nav.manual"), "/bounces/manual", IconHandClick),
    page(t("bounceRules.title"), "/bounces/rules", IconRuler2),
    page(t("nav.lists"), "/bounces/lists", IconUsersGroup),
    page(t("nav.suppression"), "/bounces/suppression", IconBan),
    ...(user.role === "auditor" ? [] : [page(t("nav.imports"), "/imports", IconFileImport)]),
    page(t("nav.quarantine"), "/quarantine", IconFileUnknown),
    ...(user.role === "agent" ? [] : [page(t("nav.audit"), "/audit", IconHistory)]),
    page(t("settings.profile"), "/settings/profile", IconUser),
    page(t("settings.accounts"), "/settings/accounts", IconMailbox),
    ...(administrator
      ? [
          page(t("accounts.add"), "/settings/accounts/new", IconPlus),
          page(t("settings.users"), "/settings/users", IconUsers),
          page(t("retention.title"), "/settings/retention", IconArchive),
          page(t("linkRules.title"), "/settings/linking", IconRoute),
        ]
      : []),
    page(t("settings.system"), "/settings/system", IconServer),
    ...COMMANDS.filter(({ id, group }) => group !== "go" && !NOT_HERE.includes(id) && isAnswered(id)).map((command) => ({
      id: command.id,
      label: t(`keys.names.${command.id}`),
      rightSection: <KeyCaps keys={command.keys[0]} />,
      onClick: () => void run(command.id),
    })),
    ...LANGUAGES.filter((language) => language !== i18n.language).map((language) => ({
      id: `language-${language}`,
      label: t("palette.language", { language: LANGUAGE_NAMES[language] }),
      keywords: "language sprache",
      leftSection: <IconLanguage size={18} stroke={1.7} />,
      onClick: () => void chooseLanguage(language),
    })),
    ...(["light", "dark"] as const).map((theme) => ({
      id: `theme-${theme}`,
      label: theme === "light" ? t("shell.toLight") : t("shell.toDark"),
      leftSection: theme === "light" ? <IconSun size={18} stroke={1.7} /> : <IconMoon size={18} stroke={1.7} />,
      onClick: () => {
        setColorScheme(theme);
        void changeProfile({ theme });
      },
    })),
  ];
}
