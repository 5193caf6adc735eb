import { Button, CopyButton } from "@mantine/core";
import { IconCheck, IconCopy, IconRefresh } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Problem, Unreachable } from "../api/problem";
import { Notice } from "./Notice";
import css from "./Notice.module.css";

interface FailureProps {
  error: Error;
  /** What could not be done: "Die Mails konnten nicht geladen werden." */
  what: string;
  retry?: () => void;
}

/** What failed, why, what to do, and a detail to copy. */
export function Failure({ error, what, retry }: FailureProps) {
  const { t } = useTranslation();
  const detail = detailOf(error);
  return (
    <Notice
      tone="danger"
      title={what}
      live
      actions={
        <>
          {retry === undefined ? null : (
            <Button size="xs" variant="default" leftSection={<IconRefresh size={14} />} onClick={retry}>
              {t("failure.retry")}
            </Button>
          )}
          <CopyButton value={`${what}\n${detail}`}>
            {({ copied, copy }) => (
              <Button
                size="xs"
                variant="default"
                leftSection={copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
                onClick={copy}
              >
                {copied ? t("failure.copied") : t("failure.copy")}
              </Button>
            )}
          </CopyButton>
        </>
      }
    >
      <Reason error={error} />
      <details>
        <summary>{t("failure.detail")}</summary>
        <pre className={css.detail}>{detail}</pre>
      </details>
    </Notice>
  );
}

/** The reason in words, and what mends it where the server did not say so. */
export function Reason({ error }: { error: Error }) {
  const { t } = useTranslation();
  if (error instanceof Unreachable) {
    return <div>{t("failure.unreachable")}</div>;
  }
  if (!(error instanceof Problem)) {
    return <div>{t("failure.unexpected")}</div>;
  }
  if (error.status === 404 && error.detail === undefined) {
    return <div>{t("failure.notFound")}</div>;
  }
  return (
    <div>
      {error.title}
      {error.detail === undefined ? null : <div>{error.detail}</div>}
      {error.status >= 500 ? <div>{t("failure.server")}</div> : null}
    </div>
  );
}

function detailOf(error: Error): string {
  if (error instanceof Problem) {
    const members = Object.entries(error.members).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
    return [`HTTP ${error.status}`, ...members].join("\n");
  }
  const cause = error.cause instanceof Error ? `\n${error.cause.name}: ${error.cause.message}` : "";
  return `${error.name}: ${error.message}${cause}`;
}
