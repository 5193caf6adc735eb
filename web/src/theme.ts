import {
  createTheme,
  type CSSVariablesResolver,
  localStorageColorSchemeManager,
  type MantineColorsTuple,
} from "@mantine/core";

/** Shade 8 is the darkest that still looks like the accent; white on it has a contrast of 5.7. */
const petrol: MantineColorsTuple = [
  "#e6f4f6",
  "#cdeaee",
  "#a2d6de",
  "#72c1cd",
  "#4bafbe",
  "#2f9fb0",
  "#1b8a9c",
  "#0f7d90",
  "#0b7285",
  "#085a6a",
];

export const theme = createTheme({
  colors: { petrol },
  primaryColor: "petrol",
  primaryShade: 8,
  fontFamily: '"Inter Variable", system-ui, -apple-system, "Segoe UI", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "Cascadia Mono", "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  headings: { fontWeight: "650" },
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    // A <header> element outside an article is a banner; the page already has one.
    ModalHeader: { defaultProps: { role: "presentation" } },
    DrawerHeader: { defaultProps: { role: "presentation" } },
  },
});

/** Mantine's own dimmed and error colours are too faint on tinted ground. */
export const cssVariablesResolver: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#495057",
    "--mantine-color-placeholder": "#636b74",
    "--mantine-color-error": "#b02a2a",
    "--mantine-color-anchor": "#0b7285",
    "--mantine-color-text": "#15191d",
  },
  dark: {
    "--mantine-color-dimmed": "#b5b9be",
    "--mantine-color-placeholder": "#9aa0a6",
    "--mantine-color-error": "#ff9d9d",
    "--mantine-color-anchor": "#72c1cd",
    "--mantine-color-text": "#e3e5e7",
    "--mantine-color-body": "#1f2123",
  },
});

export const colorSchemeManager = localStorageColorSchemeManager({ key: "poststelle.theme" });

/** The nonce the server wrote into the page; without one (development) styles are allowed anyway. */
export function styleNonce(): string {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]');
  return meta?.content ?? "";
}
