import { type ReactNode, useEffect, useRef, useState } from "react";
import { inTurn, openPdf } from "./pdf";

/** Wide enough for a tile on a sharp screen, CSS pixels. */
const WIDTH = 260;

/** The first page of a PDF, once it is about to be seen; `sign` until then, and where it cannot be drawn. */
export function PdfThumb({ href, sign }: { href: string; sign: ReactNode }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [drawn, setDrawn] = useState(false);
  useEffect(() => {
    const target = canvas.current;
    if (target === null) {
      return;
    }
    const gone = new AbortController();
    const draw = async () => {
      if (gone.signal.aborted) {
        return;
      }
      const pdf = await openPdf(href, gone.signal);
      try {
        await pdf.draw(1, target, WIDTH);
        setDrawn(true);
      } finally {
        pdf.close();
      }
    };
    const seen = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) {
          seen.disconnect();
          // What cannot be drawn stays a sign.
          inTurn(draw).catch(() => undefined);
        }
      },
      { rootMargin: "200px" },
    );
    const place = target.parentElement;
    if (place !== null) {
      seen.observe(place);
    }
    return () => {
      seen.disconnect();
      gone.abort();
    };
  }, [href]);
  return (
    <>
      {drawn ? null : sign}
      <canvas ref={canvas} hidden={!drawn} />
    </>
  );
}
