import "@fontsource-variable/inter/index.css";
import "./styles/mantine.css";
import "./styles/global.css";
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { setNonce } from "get-nonce";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queryClient } from "./api/queries";
import { startLanguage } from "./lang/i18n";
import { ToastPlace } from "./parts/ToastPlace";
import { router } from "./router";
import { colorSchemeManager, cssVariablesResolver, styleNonce, theme } from "./theme";

const nonce = styleNonce();
setNonce(nonce);

async function start(element: HTMLElement): Promise<void> {
  await startLanguage();
  createRoot(element).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        cssVariablesResolver={cssVariablesResolver}
        colorSchemeManager={colorSchemeManager}
        defaultColorScheme="auto"
        getStyleNonce={() => nonce}
      >
        <QueryClientProvider client={queryClient}>
          <RouterProvider router={router} />
          <ToastPlace />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}

const element = document.getElementById("root");
if (element !== null) {
  void start(element);
}
