import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startTracing } from "../src/tracing.ts";
import { type ApiUnderTest, startApiUnderTest } from "./api-under-test.ts";

interface SentSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  status: { code: number; message?: string };
  attributes: { key: string; value: { stringValue?: string } }[];
}

// A collector that keeps what it is sent, as any OTLP receiver is sent it.
const spans: SentSpan[] = [];
const services = new Set<string>();
const collector = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => {
    body += chunk;
  });
  request.on("end", () => {
    for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans) {
      for (const { key, value } of resource.attributes)
        if (key === "service.name") services.add(value.stringValue);
      for (const scope of scopeSpans) spans.push(...scope.spans);
    }
    response.setHeader("content-type", "application/json").end("{}");
  });
});

let api: ApiUnderTest;
let stop: () => Promise<void>;
beforeAll(async () => {
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", `http://127.0.0.1:${(collector.address() as AddressInfo).port}`);
  stop = await startTracing();
  api = await startApiUnderTest();
});
afterAll(async () => {
  await api.close();
  collector.close();
});

test("operations are sent as spans below their caller's, with the request id and what failed", async () => {
  const [traceId, caller] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];
  const response = await fetch(`${api.url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${api.admin}`,
      traceparent: `00-${traceId}-${caller}-01`,
    },
    body: JSON.stringify({ query: "query Mine { viewer { token { name } } }", operationName: "Mine" }),
  });
  await response.text();
  await api.graphql('{ verdict(runId: "x", externalId: "a") { score } }');
  await api.graphql("{ nothing }");
  await stop();

  expect(services).toEqual(new Set(["faultline-api"]));
  const viewer = spans.find(({ name }) => name === "query viewer");
  expect(viewer).toMatchObject({ traceId, parentSpanId: caller });
  const attributes = Object.fromEntries(
    viewer?.attributes.map(({ key, value }) => [key, value.stringValue]) ?? [],
  );
  expect(attributes).toMatchObject({
    "graphql.operation.type": "query",
    "graphql.operation.name": "Mine",
    "faultline.request_id": response.headers.get("x-request-id"),
  });
  // 2: ERROR.
  expect(spans.find(({ name }) => name === "query verdict")?.status).toEqual({
    code: 2,
    message: "NOT_FOUND",
  });
  expect(spans.find(({ name }) => name === "graphql")?.status).toEqual({
    code: 2,
    message: "GRAPHQL_VALIDATION_FAILED",
  });
});

test("without a collector nothing is started", async () => {
  await expect((await startTracing({}))()).resolves.toBeUndefined();
});
