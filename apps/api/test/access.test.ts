import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isLocal } from "../src/access/local-user.ts";
import { type ApiUnderTest, startApiUnderTest } from "./api-under-test.ts";

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApiUnderTest();
});
afterAll(() => api.close());

const createProject = `mutation($slug: String!, $key: String) {
  createProject(input: {slug: $slug, name: "A project", idempotencyKey: $key}) {
    __typename
    ... on Project { id slug name }
    ... on ValidationError { issues { field message } }
    ... on ConflictError { field existingId message }
    ... on ForbiddenError { requiredScope }
  }
}`;

describe("projects", () => {
  test("are made by the installation's administrator alone", async () => {
    const { data } = await api.graphql(createProject, { slug: "first" });
    expect(data.createProject).toMatchObject({ __typename: "Project", slug: "first" });
    const { id } = await api.database.prisma.project.findUniqueOrThrow({ where: { slug: "first" } });
    for (const token of [await api.token(["WRITE"]), await api.token(["ADMIN"], id)]) {
      const refused = await api.graphql(createProject, { slug: "second" }, token);
      expect(refused.data.createProject).toEqual({ __typename: "ForbiddenError", requiredScope: "ADMIN" });
    }
  });

  test("need a slug of their own, in its form", async () => {
    await api.graphql(createProject, { slug: "taken" });
    const taken = await api.graphql(createProject, { slug: "taken" });
    expect(taken.data.createProject).toMatchObject({ __typename: "ConflictError", field: "input.slug" });
    expect(taken.data.createProject.existingId).toBeTruthy();
    const malformed = await api.graphql(createProject, { slug: "-No Slug-" });
    expect(malformed.data.createProject.issues).toMatchObject([{ field: "input.slug" }]);
  });

  test("are made once an idempotency key, also by requests at the same time", async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => api.graphql(createProject, { slug: "once", key: "k1" })),
    );
    expect(new Set(answers.map(({ data }) => String(data.createProject.id))).size).toBe(1);
    const other = await api.graphql(createProject, { slug: "another", key: "k1" });
    expect(other.data.createProject).toMatchObject({
      __typename: "ConflictError",
      field: "input.idempotencyKey",
    });
  });

  test("give their key free when they could not be made", async () => {
    await api.graphql(createProject, { slug: "blocked" });
    const conflict = await api.graphql(createProject, { slug: "blocked", key: "k2" });
    expect(conflict.data.createProject.__typename).toBe("ConflictError");
    const again = await api.graphql(createProject, { slug: "free", key: "k2" });
    expect(again.data.createProject).toMatchObject({ __typename: "Project", slug: "free" });
  });
});

describe("tokens", () => {
  const viewer = "{ viewer { token { name scopes prefix lastUsedAt } project { slug } } }";

  test("tell who asks; nobody without one", async () => {
    expect((await api.graphql(viewer, {}, null)).data.viewer).toBeNull();
    expect((await api.graphql(viewer)).data.viewer).toMatchObject({
      token: { scopes: ["ADMIN"] },
      project: null,
    });
  });

  test("that are forged, expired or malformed are nobody's", async () => {
    const forged = `${api.admin.slice(0, -4)}AAAA`;
    const expired = await api.token(["ADMIN"], null, new Date(Date.now() - 1000));
    for (const token of [forged, expired, "flt_x_y", "anything"])
      expect((await api.graphql(viewer, {}, token)).data.viewer).toBeNull();
  });

  test("are made with a secret that is shown once and kept as a hash, and can be revoked", async () => {
    const create = `mutation($scopes: [TokenScope!]!) { createApiToken(input: {name: "ci", scopes: $scopes}) {
      ... on CreatedApiToken { secret token { id prefix scopes } } ... on ValidationError { issues { field } } } }`;
    const { data } = await api.graphql(create, { scopes: ["READ"] });
    const { secret, token } = data.createApiToken;
    expect(String(secret)).toMatch(/^flt_[0-9a-f]{12}_[\w-]{43}$/);
    const row = await api.database.prisma.apiToken.findUniqueOrThrow({
      where: { prefix: String(token.prefix) },
    });
    // Its last 43 characters, which may be underscores.
    expect(Buffer.from(row.secretHash).toString()).not.toContain(String(secret).slice(-43));
    expect((await api.graphql(viewer, {}, String(secret))).data.viewer.token.name).toBe("ci");

    const none = await api.graphql(create, { scopes: [] });
    expect(none.data.createApiToken.issues).toEqual([{ field: "input.scopes" }]);
    const mine = await api.graphql(create, { scopes: ["ADMIN"] }, String(secret));
    expect(mine.data.createApiToken).toEqual({});

    const revoke =
      "mutation($id: ID!) { revokeApiToken(id: $id) { ... on ApiToken { revokedAt } ... on NotFoundError { field } } }";
    expect((await api.graphql(revoke, { id: token.id })).data.revokeApiToken.revokedAt).toBeTruthy();
    expect((await api.graphql(viewer, {}, String(secret))).data.viewer).toBeNull();
    expect((await api.graphql(revoke, { id: "nonsense" })).data.revokeApiToken).toEqual({ field: "id" });
  });
});

describe("the tenant border", () => {
  // Who reaches what by the ids of others: tenants.test.ts.
  test("keeps tokens from those who may not manage them", async () => {
    const reader = await api.token(["READ"]);
    const answer = await api.graphql("{ projects { edges { node { tokens { totalCount } } } } }", {}, reader);
    expect(answer.errors?.[0].extensions).toMatchObject({ code: "FORBIDDEN", requiredScope: "ADMIN" });
  });
});

describe("the local user", () => {
  const proxyKey = "k".repeat(32);
  const from = (remoteAddress: string, headers: Record<string, string>, httpVersion = "1.1") =>
    isLocal({ socket: { remoteAddress }, raw: { httpVersion }, headers } as never, { proxyKey });
  const host = "localhost:4000";

  test.each([
    ["127.0.0.1", { host }],
    ["::ffff:127.0.0.1", { host: "127.0.0.1:4000" }],
    ["::1", { host: "[::1]:4000", "sec-fetch-site": "same-origin" }],
    ["127.0.0.1", { host, origin: "http://localhost:4000", referer: "http://127.0.0.1:4000/a?b" }],
  ] as const)("sits at %s and sends %o", (address, headers) => expect(from(address, headers)).toBe(true));

  test.each([
    ["192.168.1.7", { host }],
    ["127.0.0.1", { host: "evil.example" }],
    ["127.0.0.1", { host: "127.0.0.1.evil.example" }],
    ["127.0.0.1", {}],
    ["127.0.0.1", { host, "sec-fetch-site": "cross-site" }],
    ["127.0.0.1", { host, origin: "https://faultline.example" }],
    ["127.0.0.1", { host, origin: "null" }],
    ["127.0.0.1", { host, referer: "https://faultline.example/runs" }],
  ] as const)("does not sit at %s and send %o", (address, headers) =>
    expect(from(address, headers)).toBe(false),
  );

  test.each<Record<string, string>>([
    { forwarded: "for=127.0.0.1" },
    { via: "1.1 proxy" },
    { "x-real-ip": "127.0.0.1" },
    { "x-client-ip": "127.0.0.1" },
    { "cf-connecting-ip": "127.0.0.1" },
    { "x-forwarded-for": "127.0.0.1" },
    { "x-forwarded-host": "localhost" },
    { "x-forwarded-proto": "http" },
    { "x-forwarded-for": "127.0.0.1", "x-forwarded-host": "localhost:3000" },
  ])("is not whom a proxy speaks for that sends %o", (headers) =>
    expect(from("127.0.0.1", { host, ...headers })).toBe(false),
  );

  test("is not whom a proxy speaks for that sends nothing but HTTP/1.0", () =>
    expect(from("127.0.0.1", { host }, "1.0")).toBe(false));

  const passedOn = (headers: Record<string, string>) =>
    from("127.0.0.1", {
      host,
      "x-faultline-proxy-key": proxyKey,
      "x-forwarded-for": "127.0.0.1, ::1",
      "x-forwarded-host": "localhost:3000",
      ...headers,
    });

  test("may come through the dashboard's proxy, which has the key and says where requests come from", () => {
    expect(passedOn({})).toBe(true);
    expect(passedOn({ origin: "http://localhost:3000", "x-forwarded-proto": "http" })).toBe(true);
    expect(passedOn({ "x-faultline-proxy-key": "l".repeat(32) })).toBe(false);
    expect(passedOn({ "x-faultline-proxy-key": "" })).toBe(false);
    expect(passedOn({ "x-forwarded-for": "10.0.0.9, 127.0.0.1" })).toBe(false);
    expect(passedOn({ "x-forwarded-for": "127.0.0.1, unknown" })).toBe(false);
    expect(passedOn({ "x-forwarded-host": "evil.example" })).toBe(false);
    expect(passedOn({ "x-real-ip": "10.0.0.9" })).toBe(false);
    expect(from("127.0.0.1", { host, "x-faultline-proxy-key": proxyKey })).toBe(false);
    const headers = { host, "x-faultline-proxy-key": "", "x-forwarded-for": "::1", "x-forwarded-host": host };
    const request = { socket: { remoteAddress: "::1" }, raw: { httpVersion: "1.1" }, headers };
    expect(isLocal(request as never, {})).toBe(false);
  });

  test("is not to be had where others can reach the API", async () => {
    await expect(startApiUnderTest({ localUser: {}, host: "0.0.0.0" })).rejects.toThrow(/HOST must be/);
  });

  test("is signed in where the server allows it, and only without a token", async () => {
    const local = await startApiUnderTest({ localUser: {} });
    try {
      const viewer = "{ viewer { token { name } } }";
      expect((await local.graphql(viewer, {}, null)).data.viewer.token.name).toBe(
        "Local user of this machine",
      );
      expect((await local.graphql(viewer, {}, "flt_wrong")).data.viewer).toBeNull();
    } finally {
      await local.close();
    }
  });
});
