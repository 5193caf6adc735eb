import { Anchor, Button } from "@mantine/core";
import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Unreachable } from "../api/problem";
import { Failure } from "./Failure";
import { Logo } from "./Logo";
import css from "./Page.module.css";

/** In place of a page that could not be loaded or drawn. */
export function RouteFailure({ error: thrown, reset }: ErrorComponentProps) {
  const { t } = useTranslation();
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const router = useRouter();
  const retry = () => {
    reset();
    void router.invalidate();
  };
  const lost = error instanceof Unreachable || error.message.includes('dynamically imported module');
  return (
    <main className={css.lone}>
      <Logo size={40} />
      <h1>{lost ? t("failure.goneTitle") : t("failure.pageTitle")}</h1>
      <Failure error={error} what={lost ? t("failure.gone") : t("failure.page")} retry={retry} />
    </main>
  );
}

export function MissingPage() {
  const { t } = useTranslation();
  return (
    <main className={css.lone}>
      <Logo size={40} />
      <h1>{t("missing.title")}</h1>
      <p>{t("missing.text")}</p>
      <Button component={Link} to="/">
        {t("missing.home")}
      </Button>
      <Anchor component="button" type="button" onClick={() => window.history.back()}>
        {t("missing.back")}
      </Anchor>
    </main>
  );
}
