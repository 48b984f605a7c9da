import { peerAddressHeader } from "./peer-address.ts";

/** Hop-by-hop headers (RFC 9110 §7.6.1) and those that fetch sets itself. */
const notForwarded = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  peerAddressHeader,
]);

/** Fetch has decoded the body already, so these no longer describe it. */
const notReturned = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "keep-alive",
  "transfer-encoding",
]);

/** Where the API listens, read at every request so that one build serves any API. */
export function apiUrl(): string {
  return process.env.FAULTLINE_API_URL ?? "http://127.0.0.1:4000";
}

/**
 * Headers of the visitor's request as the API shall see them.
 *
 * The API trusts loopback visitors in the embedded demo. This proxy runs on loopback itself, so it must never
 * lend its own address to somebody else: `x-forwarded-for` carries the whole chain that came in plus the address
 * of the socket, and `x-forwarded-host` the real Host header (a page may invent the former, never the latter).
 * Where the socket's address is not known, the chain ends in `unknown`, which no API takes for loopback.
 */
export function forwardedHeaders(headers: Headers, peerAddressKnown: boolean): Headers {
  const forwarded = new Headers();
  headers.forEach((value, name) => {
    if (!notForwarded.has(name)) forwarded.append(name, value);
  });
  const peer = (peerAddressKnown && headers.get(peerAddressHeader)) || "unknown";
  const chain = headers.get("x-forwarded-for");
  forwarded.set("x-forwarded-for", chain ? `${chain}, ${peer}` : peer);
  forwarded.set("x-forwarded-host", headers.get("host") ?? "unknown");
  return forwarded;
}

/** Streams a request under `/api/` to the API and its answer back: GraphQL, events, pictures, exports. */
export async function forwardToApi(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  // Assigned, not resolved: a path such as `//other.example` must not change the host.
  const target = new URL(apiUrl());
  target.pathname = pathname.replace(/^\/api/, "");
  target.search = search;
  const hasBody = request.method !== "GET" && request.method !== "HEAD";
  try {
    const answer = await fetch(target, {
      method: request.method,
      headers: forwardedHeaders(request.headers, process.env.FAULTLINE_PEER_ADDRESS_KNOWN === "1"),
      body: hasBody ? request.body : undefined,
      duplex: hasBody ? "half" : undefined,
      redirect: "manual",
      cache: "no-store",
      signal: request.signal,
    } as RequestInit);
    const headers = new Headers();
    answer.headers.forEach((value, name) => {
      if (!notReturned.has(name) && name !== "set-cookie") headers.append(name, value);
    });
    for (const cookie of answer.headers.getSetCookie()) headers.append("set-cookie", cookie);
    return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
  } catch (error) {
    if (request.signal.aborted) return new Response(null, { status: 499 });
    const reason =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    return Response.json(
      { errors: [{ message: `The API at ${apiUrl()} does not answer (${reason}). Is it running?` }] },
      { status: 502 },
    );
  }
}
