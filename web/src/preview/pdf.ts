import type { PDFDocumentProxy } from "pdfjs-dist";
import worker from "pdfjs-dist/legacy/build/pdf.worker.min.mjs?url";

/** A page larger than this is drawn coarser, pixels. */
const PIXELS_MAX = 4_000_000;
/** Pictures within documents, pixels; larger ones are left out. */
const IMAGE_PIXELS_MAX = 40_000_000;
/** Drawing a page takes a moment; a document made to take forever is given up, ms. */
const PATIENCE = 20_000;

/** With the first document that is looked at. */
const library = async () => {
  const pdfjs = await import("pdfjs-dist/legacy/build/pdf.mjs");
  pdfjs.GlobalWorkerOptions.workerSrc = worker;
  return pdfjs;
};

export interface Pdf {
  pages: number;
  /** Draws a page, counted from 1, as wide as said in CSS pixels. */
  draw: (page: number, canvas: HTMLCanvasElement, width: number) => Promise<void>;
  close: () => void;
}

function within<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const patience = setTimeout(() => reject(new Error("a PDF took too long")), PATIENCE);
    work.then(resolve, reject).finally(() => clearTimeout(patience));
  });
}

async function drawn(document: PDFDocumentProxy, number: number, canvas: HTMLCanvasElement, width: number) {
  const page = await document.getPage(number);
  const whole = page.getViewport({ scale: 1 });
  const wanted = (width * Math.min(window.devicePixelRatio, 2)) / whole.width;
  const scale = Math.min(wanted, Math.sqrt(PIXELS_MAX / (whole.width * whole.height)));
  const viewport = page.getViewport({ scale });
  canvas.width = Math.ceil(viewport.width);
  canvas.height = Math.ceil(viewport.height);
  await page.render({ canvas, viewport }).promise;
  page.cleanup();
}

/** Fetches and opens a document. Nothing in it is run: neither its scripts nor its links. */
export async function openPdf(href: string, signal: AbortSignal): Promise<Pdf> {
  const [response, pdfjs] = await Promise.all([fetch(href, { signal }), library()]);
  if (!response.ok) {
    throw new Error(`HTTP ${response.status}`);
  }
  const data = new Uint8Array(await response.arrayBuffer());
  const task = pdfjs.getDocument({
    data,
    isEvalSupported: false,
    useWasm: false,
    enableXfa: false,
    maxImageSize: IMAGE_PIXELS_MAX,
    verbosity: pdfjs.VerbosityLevel.ERRORS,
  });
  const close = () => void task.destroy();
  signal.addEventListener("abort", close);
  try {
    const document = await within(task.promise);
    return {
      pages: document.numPages,
      draw: (page, canvas, width) => within(drawn(document, page, canvas, width)),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

let last: Promise<unknown> = Promise.resolve();

/** One after the other: a page full of documents shall not take the whole machine. */
export function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const mine = last.then(work, work);
  last = mine.catch(() => undefined);
  return mine;
}
