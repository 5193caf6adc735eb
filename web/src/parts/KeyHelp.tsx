import { Kbd, Modal, Switch } from "@mantine/core";
import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import { keyLabel } from "../keys/label";
import { COMMANDS, type CommandGroup, type Keys } from "../keys/registry";
import { setSingleKeys, useSingleKeys } from "../keys/setting";
import css from "./KeyHelp.module.css";

const GROUPS: readonly CommandGroup[] = ["list", "mail", "go", "general"];

/** All keys, made from the registry. */
export function KeyHelp({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const single = useSingleKeys();
  return (
    <Modal opened onClose={onClose} title={t("keys.title")} size="lg" closeButtonProps={{ "aria-label": t("common.close") }}>
      <div className={css.groups}>
        {GROUPS.map((group) => (
          <section key={group}>
            <h3 className={css.title}>{t(`keys.groups.${group}`)}</h3>
            <dl className={css.list}>
              {COMMANDS.filter((command) => command.group === group).map((command) => (
                <div key={command.id} className={css.line}>
                  <dt>{t(`keys.names.${command.id}`)}</dt>
                  <dd>
                    {command.keys.map((keys, at) => (
                      <Fragment key={keys}>
                        {at > 0 ? ` ${t("keys.or")} ` : null}
                        <KeyCaps keys={keys} />
                      </Fragment>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <Switch
        mt="lg"
        checked={single}
        onChange={(event) => setSingleKeys(event.currentTarget.checked)}
        label={t("keys.single")}
        description={t("keys.singleHint")}
      />
    </Modal>
  );
}

export function KeyCaps({ keys }: { keys: Keys }) {
  const { t, i18n } = useTranslation();
  return keys.split(" ").map((key, at) => (
    <Fragment key={key}>
      {at > 0 ? ` ${t("keys.then")} ` : null}
      <Kbd size="xs">{keyLabel(key, i18n.language)}</Kbd>
    </Fragment>
  ));
}
