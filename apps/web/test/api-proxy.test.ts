import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { forwardedHeaders, forwardToApi, isCrossOriginChange } from "../src/api-proxy.ts";
import { peerAddressHeader } from "../src/peer-address.ts";
import { recordPeerAddresses } from "../src/record-peer-addresses.ts";

describe("forwardedHeaders", () => {
  const visitor = (headers: Record<string, string>, known = true) =>
    forwardedHeaders(new Headers(headers), known);

  test("the socket's address ends the chain, whatever the visitor claims before it", () => {
    const headers = visitor({
      "x-forwarded-for": "127.0.0.1",
      [peerAddressHeader]: "192.168.1.5",
      host: "a.example",
    });
    expect(headers.get("x-forwarded-for")).toBe("127.0.0.1, 192.168.1.5");
    expect(headers.has(peerAddressHeader)).toBe(false);
  });

  test("an address that nobody wrote down is unknown, never loopback", () => {
    expect(visitor({ [peerAddressHeader]: "127.0.0.1" }, false).get("x-forwarded-for")).toBe("unknown");
    expect(visitor({}).get("x-forwarded-for")).toBe("unknown");
  });

  test("the Host header ends the chain of hosts, whatever a page sets before it", () => {
    const headers = visitor({ host: "rebound.example", "x-forwarded-host": "localhost" });
    expect(headers.get("x-forwarded-host")).toBe("localhost, rebound.example");
    expect(headers.has("host")).toBe(false);
    expect(visitor({}).get("x-forwarded-host")).toBe("unknown");
  });

  test("a proxy on this machine does not make its visitors local: what it wrote stays", () => {
    const headers = visitor({
      host: "127.0.0.1:3000",
      [peerAddressHeader]: "127.0.0.1",
      "x-forwarded-for": "203.0.113.7",
      "x-forwarded-host": "faultline.example",
    });
    expect(headers.get("x-forwarded-for")).toBe("203.0.113.7, 127.0.0.1");
    expect(headers.get("x-forwarded-host")).toBe("faultline.example, 127.0.0.1:3000");
  });

  test("headers of the connection stay behind, with those that it names; what fetch sets is left to it", () => {
    const headers = visitor({
      connection: "keep-alive, X-Hop",
      "x-hop": "1",
      "keep-alive": "timeout=5",
      te: "trailers",
      trailer: "x-late",
      "transfer-encoding": "chunked",
      upgrade: "h2c",
      "proxy-authorization": "Basic x",
      "proxy-connection": "close",
      expect: "100-continue",
      "content-length": "5",
      "accept-encoding": "zstd",
      authorization: "Bearer flt_x",
      cookie: "faultline_session=flt_x",
      "content-type": "application/json",
      "sec-fetch-site": "same-origin",
    });
    expect([...headers.keys()]).toEqual([
      "authorization",
      "content-type",
      "cookie",
      "sec-fetch-site",
      "x-forwarded-for",
      "x-forwarded-host",
    ]);
  });

  test("a Connection header cannot take the forwarded address away", () => {
    const headers = visitor({
      connection: "x-forwarded-for, x-forwarded-host",
      [peerAddressHeader]: "10.0.0.9",
    });
    expect(headers.get("x-forwarded-for")).toBe("10.0.0.9");
  });
});

describe("isCrossOriginChange", () => {
  const crossOrigin = (method: string, headers: Record<string, string>) =>
    isCrossOriginChange({ method, headers: new Headers({ host: "faultline.example", ...headers }) });

  test.each([
    ["the dashboard's own page", { "sec-fetch-site": "same-origin", origin: "https://faultline.example" }],
    [
      "its own page behind a proxy that replaced Host",
      { "sec-fetch-site": "same-origin", origin: "https://a.example" },
    ],
    ["a program", {}],
    ["its own page over plain http", { origin: "http://faultline.example" }],
    ["the same behind a proxy", { origin: "http://a.example", "x-forwarded-host": "a.example" }],
  ])("%s may change things", (_who, headers) => {
    expect(crossOrigin("POST", headers)).toBe(false);
  });

  test.each([
    ["another site", { "sec-fetch-site": "cross-site", origin: "https://evil.example" }],
    [
      "a neighbour, whose requests carry the cookie",
      { "sec-fetch-site": "same-site", origin: "https://b.example" },
    ],
    ["another site over plain http", { origin: "http://evil.example" }],
    ["another port", { origin: "http://faultline.example:8080" }],
    ["a sandboxed frame", { origin: "null" }],
  ])("%s may not", (_who, headers) => {
    expect(crossOrigin("POST", headers)).toBe(true);
    expect(crossOrigin("DELETE", headers)).toBe(true);
    expect(crossOrigin("GET", headers)).toBe(false);
  });
});

test("the key of the proxy is the server's, never a visitor's", () => {
  const header = "x-faultline-proxy-key";
  const headers = new Headers({ [header]: "guessed", host: "localhost" });
  expect(forwardedHeaders(headers, true).has(header)).toBe(false);
  expect(forwardedHeaders(headers, true, "ours").get(header)).toBe("ours");
});

describe("forwardToApi", () => {
  let api: Server;
  let arrived = () => {};
  let abandoned = () => {};
  beforeAll(async () => {
    recordPeerAddresses();
    api = createServer(async (request, response) => {
      if (request.url === "/refuses") {
        response.writeHead(413, { connection: "close", "x-reason": "too large" }).end("{}");
        return;
      }
      let body = "";
      for await (const chunk of request) body += chunk;
      if (request.url === "/picture") {
        response.writeHead(200, { "content-type": "image/png", etag: '"x"' }).end(Buffer.from([1, 2, 3]));
        return;
      }
      if (request.url === "/elsewhere") {
        response.writeHead(302, { location: "http://evil.example/" }).end();
        return;
      }
      if (request.url === "/silence") {
        request.socket.on("close", () => abandoned());
        arrived();
        return;
      }
      if (request.url === "/events") {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write("data: first\n\n");
        return;
      }
      response.writeHead(201, { "content-type": "application/json", "set-cookie": ["a=1; HttpOnly", "b=2"] });
      response.end(
        JSON.stringify({
          method: request.method,
          url: request.url,
          body,
          peer: request.headers[peerAddressHeader],
        }),
      );
    });
    await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
    process.env.FAULTLINE_API_URL = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    api.closeAllConnections();
    await new Promise((resolve) => api.close(resolve));
  });

  test("passes method, path, query and body on, and each cookie back", async () => {
    const answer = await forwardToApi(
      new Request("http://web.example/api/graphql?a=1", {
        method: "POST",
        body: "{}",
        duplex: "half",
      } as RequestInit),
    );
    expect(answer.status).toBe(201);
    expect(answer.headers.getSetCookie()).toEqual(["a=1; HttpOnly", "b=2"]);
    expect(await answer.json()).toMatchObject({ method: "POST", url: "/graphql?a=1", body: "{}" });
  });

  test.each([
    ["/api//other.example/x", "//other.example/x"],
    ["/api/..//other.example/x", "//other.example/x"],
    ["/api/%2e%2e//other.example", "//other.example"],
    ["/api/\\other.example", "//other.example"],
    ["/api/http://other.example/x", "/http://other.example/x"],
    ["/api/@other.example/", "/@other.example/"],
    ["/api/:80/x", "/:80/x"],
    ["/api/..%2f..%2fx", "/..%2f..%2fx"],
    ["/api/graphql%0d%0ax-injected:%201", "/graphql%0d%0ax-injected:%201"],
  ])("%s stays on the API's host", async (path, url) => {
    const answer = await forwardToApi(new Request(`http://web.example${path}`));
    expect(await answer.json()).toMatchObject({ url });
  });

  test("an answer that leads elsewhere is passed on, not followed", async () => {
    const answer = await forwardToApi(new Request("http://web.example/api/elsewhere"));
    expect(answer.status).toBe(302);
    expect(answer.headers.get("location")).toBe("http://evil.example/");
  });

  test("another site's text/plain does not reach the API", async () => {
    const answer = await forwardToApi(
      new Request("http://web.example/api/graphql/stream", {
        method: "POST",
        headers: { "content-type": "text/plain;application/json", "sec-fetch-site": "same-site" },
        body: "{}",
      }),
    );
    expect(answer.status).toBe(403);
    expect((await answer.json()).errors[0].message).toMatch(/other sites/);
  });

  test("the refusal of a body arrives before its end, and the rest of the body is not read", async () => {
    let sent = 0;
    const endless = new ReadableStream({
      async pull(controller) {
        await new Promise((resolve) => setImmediate(resolve));
        controller.enqueue(new Uint8Array(65_536));
        sent += 65_536;
      },
    });
    const answer = await forwardToApi(
      new Request("http://web.example/api/refuses", {
        method: "POST",
        body: endless,
        duplex: "half",
      } as RequestInit),
    );
    expect(answer.status).toBe(413);
    expect(await answer.text()).toBe("{}");
    expect(answer.headers.get("x-reason")).toBe("too large");
    expect(sent).toBeLessThan(64 * 2 ** 20);
  });

  test("a visitor who leaves takes the request to the API along", async () => {
    const leaving = new AbortController();
    const begun = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const ended = new Promise<void>((resolve) => {
      abandoned = resolve;
    });
    const answer = forwardToApi(new Request("http://web.example/api/silence", { signal: leaving.signal }));
    await begun;
    leaving.abort();
    expect((await answer).status).toBe(499);
    await ended;
  });

  test("bytes and headers of pictures come through", async () => {
    const answer = await forwardToApi(new Request("http://web.example/api/picture"));
    expect(answer.headers.get("etag")).toBe('"x"');
    expect([...new Uint8Array(await answer.arrayBuffer())]).toEqual([1, 2, 3]);
  });

  test("an event arrives while the stream is still open", async () => {
    const leaving = new AbortController();
    const answer = await forwardToApi(
      new Request("http://web.example/api/events", { signal: leaving.signal }),
    );
    const { value } = await answer.body!.getReader().read();
    expect(new TextDecoder().decode(value)).toBe("data: first\n\n");
    leaving.abort();
  });

  test("the address of the socket is written down before anyone reads the request", async () => {
    const answer = await fetch(process.env.FAULTLINE_API_URL!, {
      headers: { [peerAddressHeader]: "10.0.0.1" },
    });
    expect(await answer.json()).toMatchObject({ peer: "127.0.0.1" });
  });

  test("an API that is down gives a 502 that does not tell its address; the log does", async () => {
    const url = process.env.FAULTLINE_API_URL;
    process.env.FAULTLINE_API_URL = "http://127.0.0.1:9";
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const answer = await forwardToApi(new Request("http://web.example/api/graphql"));
    process.env.FAULTLINE_API_URL = url;
    expect(answer.status).toBe(502);
    const { message } = (await answer.json()).errors[0];
    expect(message).toMatch(/^The API does not answer/);
    expect(message).not.toContain("127.0.0.1");
    expect(log.mock.calls[0][0]).toContain("http://127.0.0.1:9");
    log.mockRestore();
  });
});
