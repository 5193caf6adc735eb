import {
  IconAddressBook,
  IconArchive,
  IconBell,
  IconCloudLock,
  IconDatabaseImport,
  IconEraser,
  IconExternalLink,
  IconFileText,
  IconFolderDown,
  IconFolders,
  IconKey,
  IconLinkOff,
  IconMailbox,
    IconRobot, IconRosetteDiscountCheck,
  IconRoute,
  IconSend,
  IconServer,
  IconShieldHalf,
  IconTags,
  IconUser,
  IconUsers,
  IconUsersGroup,
  IconWebhook,
} from "@tabler/icons-react";
import { Outlet, useLocation } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useSession } from "../api/session";
import page from "../parts/Page.module.css";
import { PlainLink } from "../parts/PlainLink";
import css from "./settings.module.css";

/** The pages of the settings below one row of links. */
export function Settings() {
  const { t } = useTranslation();
  const { role } = useSession().user;
  const administrator = role === "administrator";
  const { pathname } = useLocation();
  const links = [
    { to: "/settings/profile", label: t("settings.profile"), icon: IconUser, shown: true },
    { to: "/settings/accounts", label: t("settings.accounts"), icon: IconMailbox, shown: true },
    { to: "/settings/sign-in", label: t("oauth.title"), icon: IconKey, shown: administrator },
    { to: "/settings/tags", label: t("tags.title"), icon: IconTags, shown: true },
    { to: "/settings/blocklist", label: t("settings.blocklist"), icon: IconLinkOff, shown: true },
    { to: "/settings/contact-addresses", label: t("contactAddresses.title"), icon: IconAddressBook, shown: true },
    { to: "/settings/folders", label: t("folders.title"), icon: IconFolders, shown: true },
    { to: "/settings/linking", label: t("linkRules.title"), icon: IconRoute, shown: administrator },
    { to: "/settings/links", label: t("settings.jumps"), icon: IconExternalLink, shown: administrator },
    { to: "/settings/users", label: t("settings.users"), icon: IconUsers, shown: administrator },
    { to: "/settings/tokens", label: t("tokens.title"), icon: IconRobot, shown: role !== "auditor" },
    { to: "/settings/groups", label: t("groups.title"), icon: IconUsersGroup, shown: administrator },
    { to: "/settings/notifications", label: t("settings.notifications"), icon: IconBell, shown: administrator },
    { to: "/settings/sending", label: t("settings.sending"), icon: IconSend, shown: administrator },
    { to: "/settings/webhooks", label: t("settings.webhooks"), icon: IconWebhook, shown: administrator },
    { to: "/settings/erp", label: t("erp.title"), icon: IconDatabaseImport, shown: administrator },
    { to: "/settings/attachments", label: t("settings.attachments"), icon: IconShieldHalf, shown: administrator },
    { to: "/settings/files", label: t("files.title"), icon: IconFolderDown, shown: administrator },
    { to: "/settings/retention", label: t("retention.title"), icon: IconArchive, shown: administrator },
    { to: "/settings/proof", label: t("proof.title"), icon: IconRosetteDiscountCheck, shown: role !== "agent" },
    { to: "/settings/storage", label: t("storage.title"), icon: IconCloudLock, shown: administrator },
    { to: "/settings/erasure", label: t("erasure.title"), icon: IconEraser, shown: administrator },
    { to: "/settings/procedures", label: t("procedures.title"), icon: IconFileText, shown: role !== "agent" },
    { to: "/settings/system", label: t("settings.system"), icon: IconServer, shown: true },
  ];
  return (
    <div className={page.page}>
      <nav className={css.tabs} aria-label={t("nav.settings")}>
        {links
          .filter(({ shown }) => shown)
          .map(({ to, label, icon: Sign }) => (
            <PlainLink key={to} to={to} className={css.tab} aria-current={pathname.startsWith(to) ? "page" : undefined}>
              <Sign size={17} stroke={1.7} aria-hidden />
              {label}
            </PlainLink>
          ))}
      </nav>
      <Outlet />
    </div>
  );
}
