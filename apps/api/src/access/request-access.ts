import type { ApiToken } from "@faultline/db";
import type { FastifyRequest } from "fastify";
import type { Services } from "../services.ts";
import { Access } from "./access.ts";
import { findToken, newSecret } from "./token-secret.ts";

/** Cookie of the dashboard's sign-in: the token itself, out of the reach of scripts. */
export const sessionCookie = "faultline_session";

/**
 * Who makes a request: the token in `Authorization: Bearer`, else in the session cookie, else, where the
 * server allows it, the local user. A token that is wrong is nobody; it never falls back.
 */
export async function accessOf(
  request: FastifyRequest,
  services: Pick<Services, "prisma" | "tokens" | "localUser">,
): Promise<Access> {
  const secret = bearer(request.headers.authorization) ?? request.cookies[sessionCookie];
  if (secret !== undefined) return new Access(await findToken(services, secret));
  return new Access(services.localUser && isLocal(request) ? await localToken(services) : null);
}

function bearer(header: string | undefined): string | undefined {
  return header === undefined ? undefined : (/^Bearer\s+(\S+)$/i.exec(header)?.[1] ?? "");
}

/**
 * Whether a request comes from this machine and was meant for it. The socket's address alone is not enough: a
 * web page can make a browser send requests to loopback, under a name of its own (DNS rebinding, seen in Host)
 * or from its own site (seen in Sec-Fetch-Site), and the dashboard's proxy passes others' requests on (seen in
 * the forwarded headers).
 */
export function isLocal({ socket, headers }: Pick<FastifyRequest, "socket" | "headers">): boolean {
  const forwardedFor = list(headers["x-forwarded-for"]);
  const forwardedHost = list(headers["x-forwarded-host"]);
  const site = headers["sec-fetch-site"];
  return (
    isLoopback(socket.remoteAddress ?? "") &&
    isLoopbackHost(headers.host ?? "") &&
    forwardedFor.every(isLoopback) &&
    forwardedHost.every(isLoopbackHost) &&
    headers.forwarded === undefined &&
    (site === undefined || site === "same-origin" || site === "none")
  );
}

function list(header: string | string[] | undefined): string[] {
  return header === undefined
    ? []
    : String(header)
        .split(",")
        .map((part) => part.trim());
}

function isLoopback(address: string): boolean {
  const bare = address.toLowerCase().replace(/^::ffff:/, "");
  return bare === "::1" || /^127(\.\d{1,3}){3}$/.test(bare);
}

function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/:\d+$/, "");
  return name === "localhost" || name === "[::1]" || isLoopback(name);
}

const localPrefix = "local-user";

/** The local user's token: a row like any other, but nobody knows a secret for it. */
async function localToken({ prisma, tokens }: Pick<Services, "prisma" | "tokens">): Promise<ApiToken> {
  const known = await tokens.byPrefix(localPrefix);
  if (known) return known;
  const { secretHash } = newSecret();
  return prisma.apiToken.upsert({
    where: { prefix: localPrefix },
    create: { name: "Local user of this machine", prefix: localPrefix, secretHash, scopes: ["ADMIN"] },
    update: {},
  });
}
