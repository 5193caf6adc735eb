import { useEffect, useRef, useState } from "react";
import { handleKey } from "../keys/dispatch";
import css from "./Reader.module.css";

/** Never `allow-scripts`. `allow-same-origin` lets the page measure the document; it has no other use. */
const SANDBOX = "allow-same-origin allow-popups allow-popups-to-escape-sandbox";

/** Taller mails scroll inside the frame, pixels. */
const HEIGHT_MAX = 60_000;

/** A layout that grows with its frame would grow for ever; after so many steps it is left as it is. */
const STEPS_MAX = 40;

interface MailFrameProps {
  mailId: string;
  /** With images from outside, fetched by the server. */
  images: boolean;
  title: string;
}

/** Room for a sideways scroll bar, pixels. */
const SCROLL_BAR = 18;

/**
 * Height of what is in a document, pixels. Without a document type the body is as tall as its frame whatever it
 * holds, so that only the content itself tells.
 */
function contentHeight(inner: Document): number {
  const { body, documentElement, compatMode } = inner;
  const content = inner.createRange();
  content.selectNodeContents(body);
  const style = inner.defaultView?.getComputedStyle(body);
  const below = Number.parseFloat(style?.marginBottom ?? "") + Number.parseFloat(style?.paddingBottom ?? "");
  const bottom = content.getBoundingClientRect().bottom + documentElement.scrollTop + (Number.isNaN(below) ? 0 : below);
  const tall = compatMode === "BackCompat" ? bottom : Math.max(bottom, documentElement.offsetHeight);
  return Math.ceil(tall) + (documentElement.scrollWidth > documentElement.clientWidth ? SCROLL_BAR : 0);
}

/** The mail's HTML in a document of its own, as tall as its content. */
export function MailFrame({ mailId, images, title }: MailFrameProps) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [height, setHeight] = useState(120);
  useEffect(() => {
    const element = frame.current;
    if (element === null) {
      return undefined;
    }
    let observer: ResizeObserver | undefined;
    const follow = () => {
      observer?.disconnect();
      const inner = element.contentDocument;
      if (inner?.body == null || inner.URL === "about:blank") {
        return;
      }
      let steps = 0;
      const measure = () => {
        steps += 1;
        if (steps <= STEPS_MAX) {
          setHeight(Math.min(contentHeight(inner), HEIGHT_MAX));
        }
      };
      observer = new ResizeObserver(measure);
      observer.observe(inner.body);
      inner.addEventListener("keydown", handleKey);
      measure();
    };
    element.addEventListener("load", follow);
    follow();
    return () => {
      element.removeEventListener("load", follow);
      observer?.disconnect();
    };
  }, []);
  return (
    <iframe
      ref={frame}
      className={css.frame}
      title={title}
      sandbox={SANDBOX}
      referrerPolicy="no-referrer"
      src={`/api/v1/messages/${mailId}/frame?images=${images ? 1 : 0}`}
      style={{ height }}
    />
  );
}
