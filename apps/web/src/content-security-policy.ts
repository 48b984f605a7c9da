import { createHash } from "node:crypto";
import { themeScript } from "./ui/theme-script.ts";

const themeScriptHash = createHash("sha256").update(themeScript).digest("base64");

/**
 * The Content-Security-Policy of a page.
 *
 * Scripts: those that Next writes with the page's nonce, what these load, and the theme script by its hash. `'self'`
 * is not among them: what the API serves from this origin (exports, pictures, artifacts) shall never run. Nothing is
 * inline among the styles either; React sets the places and sizes of plots on elements, which no policy concerns.
 *
 * @param nonce fresh for every answer, at least 128 random bits in base64
 * @param development allows what hot reloading needs: eval, and styles that are written into the page
 */
export function contentSecurityPolicy(nonce: string, development: boolean): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' 'sha256-${themeScriptHash}' 'strict-dynamic'${development ? " 'unsafe-eval'" : ""}`,
    `style-src 'self'${development ? " 'unsafe-inline'" : ""}`,
    "img-src 'self' blob: data:",
    "font-src 'self'",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** The policy of what is no page: data, pictures, scripts. Opened by itself, it may load and run nothing. */
export const resourcePolicy =
  "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";
