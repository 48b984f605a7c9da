import { randomBytes } from "node:crypto";
import { type NextRequest, NextResponse } from "next/server";
import { contentSecurityPolicy } from "./content-security-policy.ts";

/**
 * Runs before every page and gives it a policy with a nonce of its own. Next reads the nonce from the request's
 * header and writes it into its scripts, so pages are rendered at every request.
 */
export function proxy(request: NextRequest): NextResponse {
  const policy = contentSecurityPolicy(
    randomBytes(16).toString("base64"),
    process.env.NODE_ENV === "development",
  );
  const headers = new Headers(request.headers);
  headers.set("content-security-policy", policy);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set("content-security-policy", policy);
  return response;
}

// Not before /api/: Next would keep the first part of every upload in memory. Policies there are in next.config.ts.
export const config = { matcher: ["/((?!api/|_next/).*)"] };
