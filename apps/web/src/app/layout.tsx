import type { Metadata, Viewport } from "next";
import { connection } from "next/server";
import type { ReactNode } from "react";
import "./globals.css";
import { ApiProvider, InBrowser } from "../ui/api-provider.tsx";
import { AppFrame } from "../ui/app-frame.tsx";
import { Skeleton } from "../ui/page-states.tsx";
import { themeScript } from "../ui/theme-script.ts";

export const metadata: Metadata = {
  title: { default: "Faultline", template: "%s · Faultline" },
  description: "Why a vision classifier fails, and which of its answers not to trust.",
};

export const viewport: Viewport = {
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#f6f6f3" },
    { media: "(prefers-color-scheme: dark)", color: "#111315" },
  ],
};

export default async function RootLayout({ children }: { children: ReactNode }) {
  // A page that was rendered at build time would lack the nonce of its policy.
  await connection();
  return (
    <html lang="en" suppressHydrationWarning>
      <body>
        {/* biome-ignore lint/security/noDangerouslySetInnerHtml: a constant of ours, before the first paint */}
        <script dangerouslySetInnerHTML={{ __html: themeScript }} />
        <ApiProvider>
          <AppFrame>
            <InBrowser fallback={<Skeleton className="h-64" />}>{children}</InBrowser>
          </AppFrame>
        </ApiProvider>
      </body>
    </html>
  );
}
