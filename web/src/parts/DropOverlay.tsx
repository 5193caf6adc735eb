import { IconFileImport } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../api/session";
import { filesOf, pick } from "../api/upload";
import css from "./Shell.module.css";
import { tellFailure } from "./toast";

/** Mail files may be dropped anywhere on the page. */
export function DropOverlay() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [over, setOver] = useState(false);
  const mayImport = useSession().user.role !== "auditor";
  useEffect(() => {
    if (!mayImport) {
      return undefined;
    }
    const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") === true;
    const onOver = (event: DragEvent) => {
      if (carriesFiles(event)) {
        event.preventDefault();
        setOver(true);
      }
    };
    const onLeave = (event: DragEvent) => {
      if (event.relatedTarget === null) {
        setOver(false);
      }
    };
    const onDrop = (event: DragEvent) => {
      if (!carriesFiles(event) || event.dataTransfer === null) {
        return;
      }
      event.preventDefault();
      setOver(false);
      filesOf(event.dataTransfer).then(
        (files) => {
          pick(files);
          void navigate({ to: "/imports" });
        },
        () => tellFailure(t("imports.unreadableDrop")),
      );
    };
    window.addEventListener("dragover", onOver);
    window.addEventListener("dragleave", onLeave);
    window.addEventListener("drop", onDrop);
    return () => {
      window.removeEventListener("dragover", onOver);
      window.removeEventListener("dragleave", onLeave);
      window.removeEventListener("drop", onDrop);
    };
  }, [mayImport, navigate, t]);
  return over ? (
    <div className={css.drop} aria-hidden>
      <div className={css.dropBox}>
        <IconFileImport size={44} stroke={1.5} />
        {t("imports.drop")}
        <small>{t("imports.formats")}</small>
      </div>
    </div>
  ) : null;
}
