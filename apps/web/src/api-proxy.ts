import { peerAddressHeader } from "./peer-address.ts";

/** Where the API looks for its dashboard's key (apps/api/src/access/local-user.ts). */
const proxyKeyHeader = "x-faultline-proxy-key";

/** Headers of one connection (RFC 9110 §7.6.1), with those that a `Connection` header names. */
const hopByHop = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Fetch writes these itself: which encodings it decodes, how long the body is, where it goes. */
const setByFetch = ["accept-encoding", "content-length", "expect", "host"];

/** Fetch has decoded the body already, so these no longer describe it. */
const ofEncodedBody = ["content-encoding", "content-length"];

/** Where the API listens, read at every request so that one build serves any API. */
export function apiUrl(): string {
  return process.env.FAULTLINE_API_URL ?? "http://127.0.0.1:4000";
}

/**
 * Headers of the visitor's request as the API shall see them.
 *
 * The API trusts loopback visitors in the embedded demo. This proxy runs on loopback itself, so it must never
 * lend its own address to somebody else: `x-forwarded-for` and `x-forwarded-host` carry the whole chain that came
 * in, then the address of the socket and the Host header. A visitor may invent the chain before these, never these;
 * and a proxy in front of this one, itself on loopback, is seen by what it wrote. So the chain is kept, and the API
 * believes it only if every part is loopback. Where the socket's address is not known, the chain ends in `unknown`,
 * which no API takes for loopback.
 *
 * @param proxyKey shows the API that this is its own dashboard, whose word about the visitor it may take
 */
export function forwardedHeaders(headers: Headers, peerAddressKnown: boolean, proxyKey?: string): Headers {
  const forwarded = endToEnd(headers, [...setByFetch, peerAddressHeader, proxyKeyHeader]);
  const peer = (peerAddressKnown && headers.get(peerAddressHeader)) || "unknown";
  forwarded.set("x-forwarded-for", joined(headers.get("x-forwarded-for"), peer));
  forwarded.set(
    "x-forwarded-host",
    joined(headers.get("x-forwarded-host"), headers.get("host") ?? "unknown"),
  );
  if (proxyKey) forwarded.set(proxyKeyHeader, proxyKey);
  return forwarded;
}

function joined(chain: string | null, last: string): string {
  return chain ? `${chain}, ${last}` : last;
}

/** Headers without those of one connection and the given ones; each cookie stays a header of its own. */
function endToEnd(headers: Headers, without: readonly string[]): Headers {
  const named = (headers.get("connection") ?? "").split(",").map((name) => name.trim().toLowerCase());
  const dropped = new Set([...hopByHop, ...named, ...without]);
  const kept = new Headers();
  headers.forEach((value, name) => {
    if (!dropped.has(name)) kept.append(name, value);
  });
  return kept;
}

/**
 * Whether another site's page sent this request to change something. The session's cookie may come with it where the
 * other site is a neighbour (`SameSite` asks for the site, not for the origin), and a form can send `text/plain`
 * without being asked first.
 *
 * Browsers say it in Sec-Fetch-Site, but over plain http to another machine only in Origin. Programs send neither.
 */
export function isCrossOriginChange({ method, headers }: Pick<Request, "method" | "headers">): boolean {
  if (method === "GET" || method === "HEAD" || method === "OPTIONS") return false;
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site !== "same-origin" && site !== "none";
  const origin = headers.get("origin");
  if (origin === null) return false;
  // A page cannot send x-forwarded-host to another origin unasked; a proxy in front that replaced Host has set it.
  const own = [headers.get("host"), ...(headers.get("x-forwarded-host") ?? "").split(",")];
  return !URL.canParse(origin) || !own.some((host) => host?.trim() === new URL(origin).host);
}

/** Streams a request under `/api/` to the API and its answer back: GraphQL, events, pictures, exports. */
export async function forwardToApi(request: Request): Promise<Response> {
  if (isCrossOriginChange(request))
    return refusal(
      403,
      "Pages of other sites may not change anything here. Send this from the dashboard itself.",
    );
  const { pathname, search } = new URL(request.url);
  // Assigned, not resolved: a path such as `//other.example` must not change the host.
  const target = new URL(apiUrl());
  target.pathname = pathname.replace(/^\/api/, "");
  target.search = search;
  const hasBody = request.method !== "GET" && request.method !== "HEAD";
  try {
    const outgoing: RequestInit & { duplex?: "half" } = {
      method: request.method,
      headers: forwardedHeaders(
        request.headers,
        process.env.FAULTLINE_PEER_ADDRESS_KNOWN === "1",
        process.env.FAULTLINE_PROXY_KEY,
      ),
      body: hasBody ? request.body : undefined,
      duplex: hasBody ? "half" : undefined,
      redirect: "manual",
      cache: "no-store",
      signal: request.signal,
    };
    const answer = await fetch(target, outgoing);
    const { status, statusText } = answer;
    return new Response(answer.body, {
      status,
      statusText,
      headers: endToEnd(answer.headers, ofEncodedBody),
    });
  } catch (error) {
    if (request.signal.aborted) return new Response(null, { status: 499 });
    // Its address and the reason are for whoever runs the dashboard.
    console.error(`The API at ${apiUrl()} does not answer:`, error instanceof Error ? error.cause : error);
    return refusal(
      502,
      "The API does not answer. Is it running? The dashboard's log says where it was looked for.",
    );
  }
}

function refusal(status: number, message: string): Response {
  return Response.json({ errors: [{ message }] }, { status });
}
