import { Button, Modal, TextInput } from "@mantine/core";
import { IconPrinter } from "@tabler/icons-react";
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client";
import type { components } from "../api/schema";
import { useFormats } from "../lang/format";
import { Failure } from "../parts/Failure";
import { Notice } from "../parts/Notice";
import page from "../parts/Page.module.css";
import { tell } from "../parts/toast";
import styles from "./recoveryKey.module.css";

type Made = components["schemas"]["RecoveryKeyMade"];

/** The group that is typed off the paper, from 1. */
const ASKED = 3;

const recoveryQuery = queryOptions({
  queryKey: ["recovery-key"],
  queryFn: ({ signal }) => take(api.GET("/api/v1/recovery-key", { signal })),
});

/** Whether the master key can be brought back from paper; a new paper key, and a comparison of an old one. */
export function RecoveryKey() {
  const { t } = useTranslation();
  const { shortDate } = useFormats();
  const client = useQueryClient();
  const query = useQuery(recoveryQuery);
  const [sure, setSure] = useState(false);
  const make = useMutation({
    mutationFn: () => take(api.POST("/api/v1/recovery-key")),
    onSuccess: () => {
      setSure(false);
      void client.invalidateQueries({ queryKey: recoveryQuery.queryKey });
    },
  });
  const made = query.data?.made_at ?? null;
  return (
    <section className={`${page.card} ${page.stack}`} aria-label={t("recovery.title")}>
      <h2>{t("recovery.title")}</h2>
      <p className={page.dimmed}>{t("recovery.help")}</p>
      {query.data === undefined ? null : made === null ? (
        <Notice tone="warn">{t("recovery.none")}</Notice>
      ) : (
        <Notice tone="ok">{t("recovery.made", { when: shortDate(made) })}</Notice>
      )}
      {query.error === null ? null : <Failure error={query.error} what={t("recovery.failed")} />}
      {make.error === null ? null : <Failure error={make.error} what={t("recovery.notMade")} />}
      {made === null ? null : <Compare />}
      <div className={page.row}>
        <Button
          variant={made === null ? "filled" : "default"}
          loading={make.isPending}
          onClick={() => (made === null ? make.mutate() : setSure(true))}
        >
          {t(made === null ? "recovery.make" : "recovery.makeNew")}
        </Button>
      </div>
      <Modal opened={sure} onClose={() => setSure(false)} title={t("recovery.makeNew")}>
        <div className={page.stack}>
          <p>{t("recovery.replaces")}</p>
          <div className={page.row}>
            <Button variant="default" onClick={() => setSure(false)}>
              {t("form.cancel")}
            </Button>
            <Button loading={make.isPending} onClick={() => make.mutate()}>
              {t("recovery.makeNew")}
            </Button>
          </div>
        </div>
      </Modal>
      {make.data === undefined ? null : <Paper made={make.data} done={() => make.reset()} />}
    </section>
  );
}

/** The key as it is printed. It closes when somebody has typed a group off the paper. */
function Paper({ made, done }: { made: Made; done: () => void }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const right = typed.replaceAll(/[\s-]/gu, "").toUpperCase() === made.groups[ASKED - 1];
  return (
    <Modal
      opened
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title={t("recovery.paper")}
    >
      <div className={page.stack}>
        <p>{t("recovery.once")}</p>
        {made.replaced ? <Notice tone="warn">{t("recovery.replaced")}</Notice> : null}
        <ol className={`${styles.key} ${styles.printed}`}>
          {made.groups.map((group) => (
            <li key={group}>{group}</li>
          ))}
        </ol>
        <div className={page.row}>
          <Button
            variant="default"
            leftSection={<IconPrinter size={16} aria-hidden />}
            onClick={() => window.print()}
          >
            {t("recovery.print")}
          </Button>
        </div>
        <TextInput
          label={t("recovery.ask", { number: ASKED })}
          description={t("recovery.askHelp")}
          value={typed}
          autoComplete="off"
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <div className={page.row}>
          <Button disabled={!right} onClick={done}>
            {t("recovery.kept")}
          </Button>
        </div>
      </div>
    </Modal>
  );
}

function Compare() {
  const { t } = useTranslation();
  const [key, setKey] = useState("");
  const check = useMutation({
    mutationFn: () => take(api.POST("/api/v1/recovery-key/check", { body: { key } })),
    onSuccess: () => {
      setKey("");
      tell(t("recovery.right"));
    },
  });
  return (
    <form
      className={page.stack}
      aria-label={t("recovery.compare")}
      onSubmit={(event) => {
        event.preventDefault();
        check.mutate();
      }}
    >
      <TextInput
        label={t("recovery.compare")}
        description={t("recovery.compareHelp")}
        value={key}
        maxLength={400}
        autoComplete="off"
        onChange={(event) => setKey(event.currentTarget.value)}
      />
      {check.error === null ? null : <Failure error={check.error} what={t("recovery.notRight")} />}
      <div className={page.row}>
        <Button type="submit" variant="default" disabled={key.trim() === ""} loading={check.isPending}>
          {t("recovery.compareNow")}
        </Button>
      </div>
    </form>
  );
}
