import { join } from "node:path";
import type { NextConfig } from "next";
import { resourcePolicy } from "./src/content-security-policy.ts";

const root = join(import.meta.dirname, "../..");

const config: NextConfig = {
  agentRules: false,
  devIndicators: false,
  poweredByHeader: false,
  reactStrictMode: true,
  turbopack: { root },
  outputFileTracingRoot: root,
  // Pictures come from the API as they are; the optimizer would be one more door to knock at.
  images: { unoptimized: true },
  // Pages take no bodies, and what comes before proxy.ts is kept in memory up to this size.
  experimental: { proxyClientMaxBodySize: "64kb" },
  headers: async () => [
    {
      source: "/:path*",
      headers: [
        { key: "X-Content-Type-Options", value: "nosniff" },
        { key: "X-Frame-Options", value: "DENY" },
        { key: "Referrer-Policy", value: "same-origin" },
        { key: "Cross-Origin-Opener-Policy", value: "same-origin" },
        { key: "Cross-Origin-Resource-Policy", value: "same-origin" },
        {
          key: "Permissions-Policy",
          value:
            "camera=(), display-capture=(), geolocation=(), hid=(), microphone=(), midi=(), payment=(), serial=(), usb=()",
        },
      ],
    },
    // Pages have policies with nonces: src/proxy.ts.
    ...["/api/:path*", "/_next/:path*"].map((source) => ({
      source,
      headers: [{ key: "Content-Security-Policy", value: resourcePolicy }],
    })),
    {
      // Said by the TLS proxy in front. Browsers heed it over https only, so nobody is locked out by inventing it.
      source: "/:path*",
      has: [{ type: "header", key: "x-forwarded-proto", value: "https(?:,.*)?" }],
      headers: [{ key: "Strict-Transport-Security", value: "max-age=31536000" }],
    },
  ],
};

export default config;
