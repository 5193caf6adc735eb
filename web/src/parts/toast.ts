import type { NotificationData } from "@mantine/notifications";
import i18next from "i18next";

/** Called with the first message; what shows them is loaded then. */
let wake: (() => void) | undefined;
let awake = false;

/** Tells the page when there is something to show for the first time. */
export function onFirstToast(listener: () => void): () => void {
  wake = listener;
  return () => {
    wake = undefined;
  };
}

/** Shows it as soon as what shows them is there. */
export function show(toast: NotificationData): void {
  if (!awake) {
    awake = true;
    wake?.();
  }
  const closeButtonProps = { "aria-label": i18next.t("common.close") };
  void import("@mantine/notifications").then(({ notifications }) => notifications.show({ closeButtonProps, ...toast }));
}

/** Something has been done. */
export function tell(message: string): void {
  show({ message });
}

/** Something could not be done, and why. */
export function tellFailure(message: string, why?: string): void {
  show({ color: "red", role: "alert", ...(why === undefined ? { message } : { title: message, message: why }) });
}

/** Takes one away. */
export function hide(id: string): void {
  void import("@mantine/notifications").then(({ notifications }) => notifications.hide(id));
}
