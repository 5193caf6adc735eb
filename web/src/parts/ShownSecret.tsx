import { Button, CopyButton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Notice } from "./Notice";
import css from "./ShownSecret.module.css";

interface ShownSecretProps {
  title: string;
  secret: string;
  /** Name of the button that puts it away. */
  kept: string;
  onKept: () => void;
}

/** What is shown this once, to be copied. */
export function ShownSecret({ title, secret, kept, onKept }: ShownSecretProps) {
  const { t } = useTranslation();
  return (
    <div className={css.shown}>
      <Notice
        tone="warn"
        title={title}
        live
        actions={
          <>
            <CopyButton value={secret}>
              {({ copied, copy }) => (
                <Button size="xs" variant="default" onClick={copy}>
                  {t(copied ? "common.copied" : "common.copy")}
                </Button>
              )}
            </CopyButton>
            <Button size="xs" variant="default" onClick={onKept}>
              {kept}
            </Button>
          </>
        }
      >
        <code className={css.secret}>{secret}</code>
      </Notice>
    </div>
  );
}
