import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { clientAddress } from "../access/failed-attempts.ts";
import { sessionCookie } from "../access/request-access.ts";
import { findToken } from "../access/token-secret.ts";
import { parse, UnauthenticatedError } from "../errors.ts";
import type { Services } from "../services.ts";

const body = z.strictObject({ token: z.string("Give an API token.").min(1, "Give an API token.").max(200) });

/** A browser stays signed in for as long; a token that expires earlier ends it earlier. */
const maximumAgeSeconds = 30 * 24 * 60 * 60;

/**
 * The dashboard's sign-in. `POST /session {"token"}` puts an API token into a cookie that scripts cannot read
 * and that other sites' requests do not carry; `DELETE /session` takes it out again. Both need a request that
 * another site's form cannot send: a JSON body, or the method DELETE.
 */
export function addSessionCookie(fastify: FastifyInstance, services: Services): void {
  fastify.register(async (scope) => {
    scope.post("/session", { bodyLimit: 4096 }, async (request, reply) => {
      const { token: secret } = parse(body, request.body ?? {}, "body");
      const token = await findToken(services, secret.trim(), clientAddress(request));
      if (!token)
        throw new UnauthenticatedError(
          "This token is unknown, revoked or expired. Make one with `npm run create-token -w @faultline/api`.",
        );
      const remaining = token.expiresAt ? (token.expiresAt.getTime() - Date.now()) / 1000 : maximumAgeSeconds;
      return reply
        .setCookie(sessionCookie, secret.trim(), {
          ...cookieFor(request),
          maxAge: Math.floor(Math.min(remaining, maximumAgeSeconds)),
        })
        .header("cache-control", "no-store")
        .send({ name: token.name, prefix: token.prefix, scopes: token.scopes, expiresAt: token.expiresAt });
    });

    scope.delete("/session", async (request, reply) =>
      reply
        .clearCookie(sessionCookie, cookieFor(request))
        .header("cache-control", "no-store")
        .code(204)
        .send(),
    );
  });
}

function cookieFor(request: FastifyRequest) {
  return { httpOnly: true, sameSite: "lax", path: "/", secure: isHttps(request) } as const;
}

/** Whether the browser speaks TLS, be it to a proxy before us: its Origin or the proxy says so. */
function isHttps({ protocol, headers }: FastifyRequest): boolean {
  const forwarded = headers["x-forwarded-proto"]?.toString().split(",")[0].trim();
  return protocol === "https" || forwarded === "https" || (headers.origin?.startsWith("https:") ?? false);
}
