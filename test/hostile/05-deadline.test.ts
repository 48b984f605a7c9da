// Finding 5: a request whose body had been read had no time limit, and neither had its statements.
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectUnharmed, type HostileTarget, startHostileTarget } from "./hostile-target.ts";

let target: HostileTarget;
let slow: HostileTarget;
beforeAll(async () => {
  target = await startHostileTarget({
    environment: { FAULTLINE_REQUEST_TIMEOUT: "1500ms", FAULTLINE_STATEMENT_TIMEOUT: "30s" },
  });
  slow = await startHostileTarget({
    environment: {
      FAULTLINE_REQUEST_TIMEOUT: "30s",
      FAULTLINE_STATEMENT_TIMEOUT: "500ms",
      FAULTLINE_POOL_TIMEOUT: "500ms",
      FAULTLINE_DATABASE_CONNECTIONS: "2",
    },
  });
});
afterAll(async () => {
  await target.close();
  await slow.close();
});

/** Holds a lock that every read of projects waits for, until the work is done. */
async function whileProjectsAreLocked<T>({ database }: HostileTarget, work: () => Promise<T>): Promise<T> {
  const client = await database.pool.connect();
  try {
    await client.query("BEGIN");
    await client.query("LOCK TABLE project IN ACCESS EXCLUSIVE MODE");
    return await work();
  } finally {
    await client.query("ROLLBACK");
    client.release();
  }
}

const projects = "{ projects(first: 1) { edges { node { slug } } } }";

test("5: a POST whose work does not end is answered when its time is over", async () => {
  const { result, observed } = await target.observe(() =>
    whileProjectsAreLocked(target, () => target.graphql(projects)),
  );
  expect(result).toMatchObject({ status: 503, errors: [{ extensions: { code: "TIMEOUT" } }] });
  expect(observed.duration).toBeLessThan(15_000);
  expectUnharmed(observed);
  expect((await target.graphql(projects)).errors).toBeUndefined();
});

test("5: no field is resolved and no mutation begun when the time is over", async () => {
  const create = (slug: string) => `createProject(input: {slug: "${slug}", name: "x"}) { __typename }`;
  const answer = await whileProjectsAreLocked(target, () =>
    target.graphql(`mutation { first: ${create("first")} second: ${create("second")} }`),
  );
  expect(answer.status).toBe(503);
  // What was under way may still be done; what had not begun may not.
  await expect
    .poll(() => target.database.prisma.project.count({ where: { slug: "first" } }), { timeout: 20_000 })
    .toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await target.database.prisma.project.count({ where: { slug: "second" } })).toBe(0);
});

test("5: statements are cancelled by PostgreSQL, and the client is told so", async () => {
  const answers = await whileProjectsAreLocked(slow, () =>
    Promise.all([slow.graphql(projects), slow.graphql('{ project(slug: "x") { name } }')]),
  );
  for (const { errors } of answers) expect(errors).toMatchObject([{ extensions: { code: "TIMEOUT" } }]);
  const { rows } = await slow.database.pool.query(
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND wait_event_type = 'Lock'",
  );
  expect(rows).toEqual([]);
});

test("5: who finds no free connection in time is told so, and all is well afterwards", async () => {
  const answers = await whileProjectsAreLocked(slow, () =>
    Promise.all(Array.from({ length: 12 }, (_, i) => slow.graphql(`{ project(slug: "p${i}") { name } }`))),
  );
  for (const { errors } of answers) expect(errors).toMatchObject([{ extensions: { code: "TIMEOUT" } }]);
  expect((await slow.graphql(projects)).errors).toBeUndefined();
});
