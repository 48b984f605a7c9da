// Finding 14: the stream gave no answer when no context could be made, hid what was wrong, and outlived its token.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seedRun } from "../../packages/db/test/seed.ts";
import { expectUnharmed, type HostileTarget, startHostileTarget } from "./hostile-target.ts";

let target: HostileTarget;
let run: string;
beforeAll(async () => {
  target = await startHostileTarget({
    environment: { FAULTLINE_MAX_SUBSCRIPTIONS: "4", FAULTLINE_MAX_SUBSCRIPTIONS_PER_TOKEN: "3" },
  });
  run = Buffer.from(`Run:${(await seedRun(target.database)).run.id}`).toString("base64");
});
afterAll(() => target.close());

const subscription = "subscription($id: ID!) { runProgress(id: $id) { status } }";

interface Stream {
  status: number;
  /** What has come so far. */
  text(): string;
  ended: Promise<void>;
  leave(): void;
}

async function open(secret: string, query = subscription): Promise<Stream> {
  const leaving = new AbortController();
  const response = await fetch(`${target.url}/graphql/stream`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "text/event-stream",
      authorization: `Bearer ${secret}`,
    },
    body: JSON.stringify({ query, variables: { id: run } }),
    signal: leaving.signal,
  });
  let text = "";
  const read = async () => {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>)
      text += Buffer.from(chunk).toString();
  };
  const ended = read().catch(() => undefined);
  return { status: response.status, text: () => text, ended, leave: () => leaving.abort() };
}

/** A stream that has told of the run, and whose token is then changed. */
async function openAndChangeToken(data: { revokedAt?: Date; expiresAt?: Date; name?: string }) {
  const secret = await target.token(["READ"]);
  const stream = await open(secret);
  await expect.poll(() => stream.text()).toContain('"status":"RUNNING"');
  await target.database.prisma.apiToken.update({ where: { prefix: secret.split("_")[1] }, data });
  return stream;
}

describe("14: a subscription", () => {
  test("ends when its token is revoked", async () => {
    const stream = await openAndChangeToken({ revokedAt: new Date() });
    await stream.ended;
    expect(stream.text()).toContain("UNAUTHENTICATED");
    expect(stream.text()).toContain("event: complete");
  });

  test("ends when its token expires", async () => {
    const stream = await openAndChangeToken({ expiresAt: new Date(Date.now() + 1500) });
    await stream.ended;
    expect(stream.text()).toContain("UNAUTHENTICATED");
  });

  test("goes on when its token changes otherwise", async () => {
    const stream = await openAndChangeToken({ name: "renamed" });
    await target.database.pool.query("SELECT pg_notify('faultline_run', $1)", [
      Buffer.from(run, "base64").toString().slice("Run:".length),
    ]);
    await expect.poll(() => stream.text().split('"status"').length, { timeout: 10_000 }).toBe(3);
    stream.leave();
    await stream.ended;
  });

  test("is refused beyond the limits, and its place is free again when it ends", async () => {
    const [one, other] = [await target.token(["READ"]), await target.token(["READ"])];
    const opened = [await open(one), await open(one), await open(one)];
    expect(opened.map(({ status }) => status)).toEqual([200, 200, 200]);
    const fourth = await open(one);
    await fourth.ended;
    expect([fourth.status, fourth.text()]).toEqual([503, expect.stringContaining("BUSY")]);
    opened.push(await open(other));
    expect((await open(other)).status).toBe(503);
    for (const stream of opened) stream.leave();
    const again = async () => {
      const stream = await open(one);
      stream.leave();
      return stream.status;
    };
    await expect.poll(again, { timeout: 10_000 }).toBe(200);
  });

  test("is told what is wrong with it", async () => {
    const invalid = await target.stream("subscription { runProgres(id: 1) { status } nothing }");
    expect(invalid.status).toBe(400);
    expect(invalid.text).toContain('Cannot query field \\"runProgres\\"');
    expect(invalid.text).toContain("GRAPHQL_VALIDATION_FAILED");
    expect(await target.stream("subscription {")).toMatchObject({
      status: 400,
      text: expect.stringContaining("GRAPHQL_PARSE_FAILED"),
    });
    expect((await target.stream(subscription, { id: "nonsense" })).text).toContain("NOT_FOUND");
    expect((await target.stream(subscription, {})).text).toContain('Variable \\"$id\\"');
    const nobody = await target.stream(subscription, { id: run }, null);
    expect(nobody).toMatchObject({ status: 401, text: expect.stringContaining("UNAUTHENTICATED") });
  });

  test("of more than 64 KiB is refused, and nothing of it is read without a token", async () => {
    const query = `${subscription} ${"#".repeat(70_000)}`;
    expect((await target.stream(query, { id: run })).status).toBe(413);
    expect((await target.stream(query, { id: run }, null)).status).toBe(401);
  });
});

test("14: the stream answers when no context can be made", async () => {
  const client = await target.database.pool.connect();
  try {
    await client.query("BEGIN");
    // Nobody can be looked up.
    await client.query("ALTER TABLE api_token RENAME TO api_token_away");
    await client.query("COMMIT");
    const secret = `flt_${"a".repeat(12)}_${"a".repeat(43)}`;
    const { result, observed } = await target.observe(() => target.stream(subscription, { id: run }, secret));
    expect(result).toMatchObject({ status: 500, text: expect.stringContaining("INTERNAL_SERVER_ERROR") });
    expectUnharmed(observed);
  } finally {
    await client.query("ALTER TABLE api_token_away RENAME TO api_token");
    client.release();
  }
});
