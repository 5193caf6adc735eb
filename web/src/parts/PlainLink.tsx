import { useRouter } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, MouseEvent } from "react";

interface PlainLinkProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  to: string;
  search?: Record<string, string>;
}

/** A link within the page that does not watch where one is; the router's own marks several as current. */
export function PlainLink({ to, search, onClick, ...rest }: PlainLinkProps) {
  const router = useRouter();
  const words = new URLSearchParams(search).toString();
  const href = words === "" ? to : `${to}?${words}`;
  return (
    <a
      {...rest}
      href={href}
      onClick={(event) => {
        onClick?.(event);
        if (isPlainClick(event)) {
          event.preventDefault();
          void router.navigate({ href });
        }
      }}
    />
  );
}

/** A click that is not meant to open a tab or a window. */
export function isPlainClick(event: MouseEvent): boolean {
  return (
    !event.defaultPrevented &&
    event.button === 0 &&
    !event.metaKey &&
    !event.ctrlKey &&
    !event.shiftKey &&
    !event.altKey
  );
}
