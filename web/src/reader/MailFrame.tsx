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
        const { body, documentElement } = inner;
        const bar = documentElement.scrollWidth > documentElement.clientWidth ? 18 : 0;
        const tall = Math.max(body.scrollHeight, documentElement.offsetHeight) + bar;
        if (steps <= STEPS_MAX) {
          setHeight(Math.min(tall, HEIGHT_MAX));
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
