// PostgreSQL goes away and comes back in every way it can; no process of ours may end, and every run must end as if
// nothing had happened.
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../apps/worker/test/registration.ts";
import { again, FaultyWorld, type Subject } from "./faulty-world.ts";

describe("while PostgreSQL is away", () => {
  let world: FaultyWorld;
  let processes: Subject[];
  let wanted: string | undefined;
  beforeAll(async () => {
    world = await FaultyWorld.open();
    processes = world.start();
    const undisturbed = await world.finished(await world.startRun("undisturbed"));
    wanted = undisturbed.report?.resultSha256;
    expect(wanted).toBeDefined();
  }, 300_000);
  afterAll(() => world.close());

  const readiness = async () => (await fetch(`${world.apiUrl}/readyz`)).status;

  async function terminateAllConnections(): Promise<void> {
    await again(() =>
      world.registration.database.pool.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      ),
    );
  }

  const ways: [string, () => Promise<unknown>][] = [
    ["all connections are terminated", terminateAllConnections],
    ["the server restarts fast", () => world.strikeDatabase("SIGINT")],
    ["the server restarts immediately", () => world.strikeDatabase("SIGQUIT")],
    ["the server is killed", () => world.strikeDatabase("SIGKILL")],
    [
      "the server is away for ten seconds",
      async () => {
        const start = await world.stopDatabase();
        expect(await readiness()).toBe(503);
        await delay(10_000);
        expect(await readiness()).toBe(503);
        await start();
      },
    ],
  ];

  it.each(ways)(
    "all processes stay and a run ends the same when %s",
    { timeout: 240_000 },
    async (way, strike) => {
      const runId = await world.startRun(way);
      // Twice: while it embeds, and while it is late in the run.
      await until(async () => ((await world.run(runId)).stage === "EMBED" ? true : undefined), 60_000, 5);
      await strike();
      await until(
        async () => {
          const { stage } = await world.run(runId);
          return stage === "REPORT" || stage === "VERDICTS" || undefined;
        },
        60_000,
        5,
      );
      await strike();
      const run = await world.finished(runId);
      expect(run).toMatchObject({ status: "SUCCEEDED", error: null, attempt: 1 });
      expect(run.report?.resultSha256).toBe(wanted);
      await until(async () => ((await readiness()) === 200 ? true : undefined));
      expect(processes.map(({ ends }) => ends)).toEqual([0, 0, 0]);
      await until(async () => {
        const rows = await again(() => world.registration.database.prisma.workerProcess.findMany());
        return rows.length === 2 || undefined;
      });
    },
  );
});
