import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isLocal } from "../src/access/request-access.ts";
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
    expect(Buffer.from(row.secretHash).toString()).not.toContain(String(secret).split("_")[2]);
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
  const from = (remoteAddress: string, headers: Record<string, string>) =>
    isLocal({ socket: { remoteAddress }, headers } as never);

  test.each([
    ["127.0.0.1", { host: "localhost:4000" }, true],
    ["::ffff:127.0.0.1", { host: "127.0.0.1:4000" }, true],
    ["::1", { host: "[::1]:4000", "sec-fetch-site": "same-origin" }, true],
    [
      "127.0.0.1",
      { host: "localhost:4000", "x-forwarded-for": "127.0.0.1, ::1", "x-forwarded-host": "localhost:3000" },
      true,
    ],
    ["192.168.1.7", { host: "localhost:4000" }, false],
    ["127.0.0.1", { host: "evil.example" }, false],
    ["127.0.0.1", { host: "127.0.0.1.evil.example" }, false],
    ["127.0.0.1", {}, false],
    ["127.0.0.1", { host: "localhost", "sec-fetch-site": "cross-site" }, false],
    ["127.0.0.1", { host: "localhost", "x-forwarded-for": "10.0.0.9, 127.0.0.1" }, false],
    [
      "127.0.0.1",
      { host: "localhost", "x-forwarded-for": "127.0.0.1", "x-forwarded-host": "evil.example" },
      false,
    ],
    ["127.0.0.1", { host: "localhost", forwarded: "for=10.0.0.9" }, false],
  ] as const)("%s with %o: %s", (address, headers, expected) => {
    expect(from(address, headers)).toBe(expected);
  });

  test("is signed in where the server allows it, and only without a token", async () => {
    const local = await startApiUnderTest({ localUser: true });
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
