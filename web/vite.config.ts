import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { compress } from "./build/compress.ts";

const backend = process.env["POSTSTELLE_URL"] ?? "http://127.0.0.1:8025";

/** Few files at the first visit: what every page needs is put together; the rest comes with its page. */
const groups = [
  { name: "react", test: /node_modules\/(?:react|react-dom|scheduler|use-sync-external-store)\//, priority: 3 },
  { name: "icons", test: /node_modules\/@tabler\//, priority: 3 },
  {
    name: "data",
    test: /node_modules\/(?:@tanstack|i18next|react-i18next|openapi-fetch)\//,
    priority: 2,
  },
  {
    name: "parts",
    test: /node_modules\/(?:@mantine\/core\/esm\/(?:core|utils|components\/(?:ActionIcon|Burger|Button|CloseButton|FocusTrap|Floating|FloatingIndicator|Input|InputBase|InputsGroupFieldset|Kbd|Loader|Menu|Paper|Popover|Portal|SegmentedControl|Skeleton|Text|TextInput|Transition|UnstyledButton|VisuallyHidden))|@mantine\/hooks|@floating-ui|clsx)\//,
    priority: 1,
  },
];

export default defineConfig({
  plugins: [react(), compress()],
  build: {
    target: "es2022",
    // The page's policy allows neither data: fonts nor inline scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    rolldownOptions: { output: { codeSplitting: { groups } } },
  },
  server: { port: 5173, proxy: { "/api": backend, "/health": backend } },
  test: {
    projects: [
      { extends: true, test: { name: "unit", include: ["src/**/*.test.ts"], environment: "node" } },
      {
        extends: true,
        test: {
          name: "browser",
          include: ["tests/**/*.test.ts"],
          environment: "node",
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // On a busy machine a second is nothing.
          expect: { poll: { timeout: 30_000 } },
        },
      },
    ],
  },
});
