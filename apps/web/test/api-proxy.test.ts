import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { forwardedHeaders, forwardToApi } from "../src/api-proxy.ts";
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

  test("the forwarded host is the Host header, not what a page may set", () => {
    const headers = visitor({ host: "rebound.example", "x-forwarded-host": "localhost" });
    expect(headers.get("x-forwarded-host")).toBe("rebound.example");
    expect(headers.has("host")).toBe(false);
  });
});

describe("forwardToApi", () => {
  let api: Server;
  beforeAll(async () => {
    recordPeerAddresses();
    api = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      if (request.url === "/picture") {
        response.writeHead(200, { "content-type": "image/png", etag: '"x"' }).end(Buffer.from([1, 2, 3]));
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

  test("a path of two slashes stays on the API's host", async () => {
    const answer = await forwardToApi(new Request("http://web.example/api//other.example/x"));
    expect(await answer.json()).toMatchObject({ url: "//other.example/x" });
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

  test("an API that is down gives a clear 502", async () => {
    const url = process.env.FAULTLINE_API_URL;
    process.env.FAULTLINE_API_URL = "http://127.0.0.1:9";
    const answer = await forwardToApi(new Request("http://web.example/api/graphql"));
    process.env.FAULTLINE_API_URL = url;
    expect(answer.status).toBe(502);
    expect((await answer.json()).errors[0].message).toMatch(/127\.0\.0\.1:9 does not answer/);
  });
});
