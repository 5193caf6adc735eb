import { ActionIcon, Burger, Menu, UnstyledButton, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { IconKeyboard, IconLogout, IconMoon, IconSettings, IconSun } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { changeProfile, chooseLanguage, leave, useSession } from "../api/session";
import { run } from "../keys/dispatch";
import { initialsOf } from "./initials";
import { LanguageMenu } from "./LanguageMenu";
import { Logo } from "./Logo";
import { PlainLink } from "./PlainLink";
import { SearchBox } from "./SearchBox";
import css from "./Shell.module.css";
import { tellFailure } from "./toast";

export function TopBar({ onMenu }: { onMenu: () => void }) {
  const { t } = useTranslation();
  return (
    <div className={css.bar}>
      <div className={css.burger}>
        <Burger size="sm" opened={false} onClick={onMenu} aria-label={t("shell.openMenu")} className={css.touch} />
      </div>
      <PlainLink to="/mail/all" className={css.brand} aria-label={t("shell.home")}>
        <Logo />
        <span>Poststelle</span>
      </PlainLink>
      <SearchBox />
      <div className={css.right}>
        <LanguageMenu onChoose={(language) => void chooseLanguage(language).catch(() => tellFailure(t("profile.notSaved")))} />
        <ThemeButton />
        <UserMenu />
      </div>
    </div>
  );
}

function ThemeButton() {
  const { t } = useTranslation();
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme("light") === "dark";
  const theme = dark ? "light" : "dark";
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size={36}
      className={css.touch}
      aria-label={dark ? t("shell.toLight") : t("shell.toDark")}
      onClick={() => {
        setColorScheme(theme);
        void changeProfile({ theme }).catch(() => tellFailure(t("profile.notSaved")));
      }}
    >
      {dark ? <IconSun size={19} stroke={1.7} /> : <IconMoon size={19} stroke={1.7} />}
    </ActionIcon>
  );
}

function UserMenu() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { user, organisation } = useSession();
  const logOut = async () => {
    await leave();
    await navigate({ to: "/login", search: {} });
  };
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <UnstyledButton className={css.touch}>
          <span className="sr-only">{t("shell.userMenu", { name: user.name })}</span>
          <span className={css.initials} aria-hidden>
            {initialsOf(user.name)}
          </span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {user.name}
          <br />
          {organisation}
        </Menu.Label>
        <Menu.Item leftSection={<IconSettings size={16} />} onClick={() => void navigate({ to: "/settings/profile" })}>
          {t("shell.profile")}
        </Menu.Item>
        <Menu.Item leftSection={<IconKeyboard size={16} />} onClick={() => run("help")}>
          {t("keys.title")}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconLogout size={16} />}
          onClick={() => void logOut().catch(() => tellFailure(t("shell.logOutFailed")))}
        >
          {t("shell.logOut")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
