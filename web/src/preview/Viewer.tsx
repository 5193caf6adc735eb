import { Button, Modal, Skeleton } from "@mantine/core";
import { IconChevronLeft, IconChevronRight, IconDownload } from "@tabler/icons-react";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormats } from "../lang/format";
import { Notice } from "../parts/Notice";
import { useIsNarrow } from "../parts/Panes";
import { openPdf, type Pdf } from "./pdf";
import css from "./Viewer.module.css";

interface ViewerProps {
  kind: "image" | "pdf";
  name: string;
  href: string;
  onClose: () => void;
}

/** An attachment in large: a picture, or a document page by page. */
export function Viewer({ kind, name, href, onClose }: ViewerProps) {
  const { t } = useTranslation();
  const narrow = useIsNarrow();
  const [failed, setFailed] = useState(false);
  const fail = () => setFailed(true);
  return (
    <Modal
      opened
      onClose={onClose}
      size="xl"
      fullScreen={narrow}
      title={name}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <div className={css.body}>
        {failed ? <Notice tone="warn">{t("viewer.failed")}</Notice> : null}
        {failed ? null : kind === "pdf" ? (
          <Pages href={href} name={name} onFail={fail} />
        ) : (
          <img className={css.image} src={href} alt={name} onError={fail} />
        )}
        <Button component="a" href={href} download variant="default" leftSection={<IconDownload size={16} aria-hidden />}>
          {t("viewer.download")}
        </Button>
      </div>
    </Modal>
  );
}

function Pages({ href, name, onFail }: { href: string; name: string; onFail: () => void }) {
  const { t } = useTranslation();
  const { number } = useFormats();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [pdf, setPdf] = useState<Pdf>();
  const [page, setPage] = useState(1);
  const [drawn, setDrawn] = useState(0);
  const fail = useEffectEvent(onFail);
  useEffect(() => {
    const gone = new AbortController();
    openPdf(href, gone.signal).then(setPdf, () => {
      if (!gone.signal.aborted) {
        fail();
      }
    });
    return () => gone.abort();
  }, [href]);
  useEffect(() => {
    const target = canvas.current;
    if (pdf === undefined || target === null) {
      return;
    }
    let gone = false;
    // A canvas takes one drawing at a time.
    const fresh = document.createElement("canvas");
    const width = target.parentElement?.clientWidth ?? target.clientWidth;
    pdf.draw(page, fresh, width).then(
      () => {
        if (!gone) {
          target.width = fresh.width;
          target.height = fresh.height;
          target.getContext("2d")?.drawImage(fresh, 0, 0);
          setDrawn(page);
        }
      },
      () => {
        if (!gone) {
          fail();
        }
      },
    );
    return () => {
      gone = true;
    };
  }, [pdf, page]);
  const pages = pdf?.pages ?? 1;
  const label = t("viewer.page", { page: number(page), pages: number(pages) });
  return (
    <>
      <div className={css.sheet}>
        {drawn === 0 ? <Skeleton height={420} /> : null}
        <canvas ref={canvas} role="img" aria-label={`${name}, ${label}`} hidden={drawn === 0} aria-busy={drawn !== page} />
      </div>
      {pages > 1 ? (
        <div className={css.turn}>
          <Button
            variant="default"
            disabled={page === 1}
            leftSection={<IconChevronLeft size={16} aria-hidden />}
            onClick={() => setPage(page - 1)}
          >
            {t("viewer.back")}
          </Button>
          <span aria-live="polite">{label}</span>
          <Button
            variant="default"
            disabled={page === pages}
            rightSection={<IconChevronRight size={16} aria-hidden />}
            onClick={() => setPage(page + 1)}
          >
            {t("viewer.next")}
          </Button>
        </div>
      ) : null}
    </>
  );
}
