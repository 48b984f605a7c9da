import type { FastifyInstance } from "fastify";

/** Nothing here is a page: no answer may load, frame, or be guessed to be anything. */
const headers = {
  "x-content-type-options": "nosniff",
  "content-security-policy":
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
} as const;

/** @param https whether visitors speak TLS with Faultline, so that their browsers may be told to insist on it */
export function addSecurityHeaders(fastify: FastifyInstance, https: boolean): void {
  const all = https
    ? { ...headers, "strict-transport-security": "max-age=31536000; includeSubDomains" }
    : headers;
  fastify.addHook("onRequest", async (request, reply) => {
    reply.headers(all).header("x-request-id", request.id);
  });
}
