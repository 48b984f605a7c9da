// Finding 9: a page of another site could send a mutation with the victim's cookie, as "text/plain;application/json".
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HostileTarget, startHostileTarget } from "./hostile-target.ts";

let target: HostileTarget;
beforeAll(async () => {
  target = await startHostileTarget();
});
afterAll(() => target.close());

const mutation = `mutation { createApiToken(input: {name: "stolen", scopes: [ADMIN]}) {
  ... on CreatedApiToken { secret } } }`;

/** What a form or a script may send to another site without asking it first (Fetch, "CORS-safelisted"). */
const simpleTypes = [
  "text/plain",
  "text/plain;application/json",
  "text/plain; charset=application/json",
  "application/x-www-form-urlencoded",
  "application/x-www-form-urlencoded;application/json",
  "multipart/form-data; boundary=application/json",
  "",
];

const post = (door: string, contentType: string, query: string) =>
  fetch(`${target.url}${door}`, {
    method: "POST",
    headers: {
      ...(contentType ? { "content-type": contentType } : {}),
      accept: door === "/graphql" ? "application/json" : "text/event-stream",
      cookie: `faultline_session=${target.admin}`,
      origin: "https://evil.example",
    },
    body: Buffer.from(JSON.stringify({ query })),
  });

describe.each(["/graphql", "/graphql/stream"])("9: another site's page at %s", (door) => {
  test.each(simpleTypes)("changes nothing as '%s'", async (contentType) => {
    const response = await post(door, contentType, mutation);
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
    expect(await response.text()).not.toContain("flt_");
    expect(await target.database.prisma.apiToken.count({ where: { name: "stolen" } })).toBe(0);
  });

  test("changes nothing by GET", async () => {
    const response = await fetch(`${target.url}${door}?query=${encodeURIComponent(mutation)}`, {
      headers: { cookie: `faultline_session=${target.admin}`, accept: "text/event-stream" },
    });
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(await target.database.prisma.apiToken.count({ where: { name: "stolen" } })).toBe(0);
  });

  test("is not allowed to send JSON when its browser asks", async () => {
    const response = await fetch(`${target.url}${door}`, {
      method: "OPTIONS",
      headers: {
        origin: "https://evil.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
      },
    });
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
  });
});

test("9: the stream serves subscriptions alone, even as JSON; the mutation itself would work", async () => {
  const refused = await post("/graphql/stream", "application/json", mutation);
  expect(refused.status).toBe(400);
  expect(await refused.text()).toContain("SUBSCRIPTIONS_ONLY");
  const query = await target.stream("{ viewer { token { name } } }");
  expect(query).toMatchObject({ status: 400, text: expect.stringContaining("SUBSCRIPTIONS_ONLY") });
  expect(await target.database.prisma.apiToken.count({ where: { name: "stolen" } })).toBe(0);
  expect(await (await post("/graphql", "application/json", mutation)).text()).toContain("flt_");
});
