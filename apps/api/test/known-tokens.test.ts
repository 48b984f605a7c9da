import { openDatabase } from "@faultline/db";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ApiUnderTest, startApiUnderTest } from "./api-under-test.ts";

// Two processes of the API on one database: here two servers, each with a pool and notifications of its own.
let api: ApiUnderTest;
let other: ApiUnderTest;
beforeAll(async () => {
  api = await startApiUnderTest();
  other = await startApiUnderTest({}, { ...openDatabase(api.database.url), url: api.database.url });
});
afterAll(async () => {
  await other.close();
  await api.close();
});

const viewer = "{ viewer { token { name } } }";
const viewerOf = async (at: ApiUnderTest, token: string) => (await at.graphql(viewer, {}, token)).data.viewer;

/** Statements that a request with the token takes which asks the database for nothing. */
async function statementsOf(at: ApiUnderTest, token: string): Promise<number> {
  const { statements } = await at.countStatements(() => at.graphql("{ __typename }", {}, token));
  return statements;
}

test("a token is read once, and again after it changed", async () => {
  const token = await api.token(["READ"]);
  await statementsOf(api, token); // Reads it, and notes its use: a change of the row.
  await expect.poll(() => statementsOf(api, token)).toBe(0);
  expect(await statementsOf(api, `${token.slice(0, -4)}AAAA`)).toBe(0);
  expect(await viewerOf(api, `${token.slice(0, -4)}AAAA`)).toBeNull();
});

test("a revoked token ends at once where it was revoked, and a moment later elsewhere", async () => {
  const token = await api.token(["READ"]);
  for (const at of [api, other]) expect(await viewerOf(at, token)).not.toBeNull();
  await expect.poll(() => statementsOf(other, token)).toBe(0);
  const { id } = await api.database.prisma.apiToken.findUniqueOrThrow({
    where: { prefix: token.split("_")[1] },
  });
  const revoke = "mutation($id: ID!) { revokeApiToken(id: $id) { ... on ApiToken { revokedAt } } }";
  const globalId = Buffer.from(`ApiToken:${id}`).toString("base64");
  expect((await api.graphql(revoke, { id: globalId })).errors).toBeUndefined();
  expect(await viewerOf(api, token)).toBeNull();
  await expect.poll(() => viewerOf(other, token)).toBeNull();
});

test("a server that cannot hear of changes trusts nothing that it remembers", async () => {
  const token = await api.token(["READ"]);
  await viewerOf(other, token);
  await expect.poll(() => statementsOf(other, token)).toBe(0);
  const { pool } = api.database;
  // Both servers' connections end, and with them what they would have been told.
  await pool.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE application_name = 'faultline notifications' AND datname = current_database()`,
  );
  await expect.poll(() => statementsOf(other, token), { interval: 5 }).toBe(1);
  await pool.query("UPDATE api_token SET revoked_at = now() WHERE prefix = $1", [token.split("_")[1]]);
  expect(await viewerOf(other, token)).toBeNull();
  const another = await api.token(["READ"]);
  await expect.poll(() => statementsOf(other, another), { timeout: 5000 }).toBe(0);
});
