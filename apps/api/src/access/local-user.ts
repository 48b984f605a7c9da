import { timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";

/** Carries the key by which the dashboard's proxy shows that it is the one of this machine's owner. */
export const proxyKeyHeader = "x-faultline-proxy-key";

/** The user of a machine that has one user. */
export interface LocalUser {
  /** What the dashboard sends with the requests that it passes on; undefined where none may pass them on. */
  proxyKey?: string;
}

/**
 * Whether a request comes from this machine and was meant for it. The socket's address alone is not enough: a
 * web page can make a browser send requests to loopback, under a name of its own (DNS rebinding, seen in Host)
 * or from its own site (seen in Sec-Fetch-Site and Origin), and a proxy on this machine passes others' requests on.
 * A request that shows any sign of a proxy is refused, unless the dashboard's proxy vouches for it by its key: that
 * says truly where the request came from. A proxy that leaves no sign at all cannot be seen, so nothing may stand
 * before a server with a local user.
 */
export function isLocal(
  { socket, raw, headers }: Pick<FastifyRequest, "socket" | "raw" | "headers">,
  { proxyKey }: LocalUser,
): boolean {
  const site = headers["sec-fetch-site"];
  return (
    isLoopback(socket.remoteAddress ?? "") &&
    isLoopbackHost(headers.host ?? "") &&
    (site === undefined || site === "same-origin" || site === "none") &&
    [headers.origin, headers.referer].every((page) => page === undefined || isLoopbackPage(page)) &&
    // What proxies speak that nobody told otherwise.
    raw.httpVersion !== "1.0" &&
    !Object.keys(headers).some((name) => foreignProxy.test(name)) &&
    (headers[proxyKeyHeader] === undefined
      ? !Object.keys(headers).some((name) => name.startsWith("x-forwarded"))
      : isKey(headers[proxyKeyHeader], proxyKey) && cameFromLoopback(headers))
  );
}

const foreignProxy = /^(forwarded|via|x-real-ip|(true-|x-)?client-ip|x-original-.*|cf-connecting-ip)$/;

/** Whether every station that the dashboard's proxy tells of is this machine. */
function cameFromLoopback(headers: FastifyRequest["headers"]): boolean {
  const addresses = list(headers["x-forwarded-for"]);
  const hosts = list(headers["x-forwarded-host"]);
  return (
    addresses.length > 0 && addresses.every(isLoopback) && hosts.length > 0 && hosts.every(isLoopbackHost)
  );
}

function isKey(given: string | string[] | undefined, wanted: string | undefined): boolean {
  if (wanted === undefined || typeof given !== "string") return false;
  const [one, other] = [Buffer.from(given), Buffer.from(wanted)];
  return one.length === other.length && timingSafeEqual(one, other);
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

/** Whether a name with or without a port is this machine's. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/:\d+$/, "");
  return name === "localhost" || name === "[::1]" || isLoopback(name);
}

function isLoopbackPage(address: string): boolean {
  return URL.canParse(address) && isLoopbackHost(new URL(address).host);
}
