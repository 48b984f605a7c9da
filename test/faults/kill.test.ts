// Workers, the API and PostgreSQL are killed (SIGKILL) at random moments; every run must end as if nothing had
// happened, and whatever the API acknowledged must be there afterwards.
import { setTimeout as delay } from "node:timers/promises";
import { random } from "@faultline/core";
import { RunStage } from "@faultline/db";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../apps/worker/test/registration.ts";
import { again, FaultyWorld } from "./faulty-world.ts";

const seed = 20261124;
const stagesInOrder = Object.values(RunStage);
/** Two for each stage that a kill aims at. */
const runs = 2 * stagesInOrder.length;

describe("killed at random moments", () => {
  let world: FaultyWorld;
  beforeAll(async () => {
    world = await FaultyWorld.open();
  }, 300_000);
  afterAll(() => world.close());

  const verdictsOf = (runId: string) =>
    again(() =>
      world.registration.database.prisma.verdict.findMany({
        where: { runId },
        orderBy: { inputId: "asc" },
        select: { inputId: true, score: true, fault: true },
      }),
    );

  /** Saves views one after another until it is stopped. @returns the ids that were acknowledged */
  async function writeWithoutPause(signal: AbortSignal): Promise<string[]> {
    const acknowledged: string[] = [];
    for (let i = 0; !signal.aborted; i++) {
      const id = await world.saveView(`view ${i}`);
      if (id) acknowledged.push(id);
      await delay(50);
    }
    return acknowledged;
  }

  it(`ends each of ${runs} runs with the undisturbed result`, { timeout: 900_000 }, async () => {
    const processes = world.start({ immortal: true });
    const { prisma, pool } = world.registration.database;
    let databaseKills = 0;
    const database = {
      kill: async () => {
        if (await world.strikeDatabase("SIGKILL")) databaseKills++;
      },
    };
    const victims = [...processes, database];
    const began = Date.now();
    const undisturbed = await world.finished(await world.startRun("undisturbed"));
    expect(undisturbed.error).toBeNull();
    const wanted = undisturbed.report?.resultSha256;
    // The processes have just started: once they are warm a run takes a fraction of the first one's time, and a kill
    // that is planned for later than its end never comes.
    const warm = await world.finished(await world.startRun("undisturbed, too"));
    expect(warm.report?.resultSha256).toBe(wanted);
    const duration = Number(warm.finishedAt) - Number(warm.startedAt);
    const inputs = await verdictsOf(undisturbed.id);

    const writing = new AbortController();
    const written = writeWithoutPause(writing.signal);
    const uniform = random(seed);
    const stages = new Set<string>();
    for (let i = 0; i < runs; i++) {
      const runId = await world.startRun(`run ${i}`);
      // Every third time right after the run was acknowledged.
      if (i % 3 === 0) await database.kill();
      const strike = async (victim: (typeof victims)[number]) => {
        const { stage } = await world.run(runId);
        stages.add(stage ?? "QUEUED");
        await victim.kill();
      };
      const victim = () => victims[Math.floor(uniform() * victims.length)];
      // One at any time of a run; one while a stage of it is worked on, since the late stages of a run that is held up
      // lie beyond the time that another took.
      const [first, aimed, aim] = [victim(), victim(), i % stagesInOrder.length];
      const [firstDelay, aimedDelay] = [uniform() * duration * 1.2, uniform() * 60];
      const striking = new AbortController();
      const struck = delay(firstDelay, undefined, { signal: striking.signal }).then(
        () => strike(first),
        () => undefined,
      );
      await until(
        async () => {
          const { stage, status } = await world.run(runId);
          const over = status !== "QUEUED" && status !== "RUNNING";
          return over || (stage !== null && stagesInOrder.indexOf(stage) >= aim) || undefined;
        },
        120_000,
        5,
      );
      await delay(aimedDelay);
      await strike(aimed);
      const run = await world.finished(runId);
      striking.abort();
      await struck;
      expect(run).toMatchObject({ status: "SUCCEEDED", error: null, attempt: 1 });
      expect(run.report?.resultSha256).toBe(wanted);
      expect(await verdictsOf(runId)).toEqual(inputs);
    }
    writing.abort();
    const acknowledged = await written;
    expect(acknowledged.length).toBeGreaterThan(runs);
    expect(await again(() => prisma.savedView.count({ where: { id: { in: acknowledged } } }))).toBe(
      acknowledged.length,
    );
    const { rows: partitions } = await again(() =>
      pool.query("SELECT FROM pg_tables WHERE schemaname = 'verdict_partition'"),
    );
    expect(partitions).toHaveLength(runs + 2);
    const kills = processes.map(({ kills: own }) => own);
    console.info(
      `${kills[0]} + ${kills[1]} workers, ${kills[2]} APIs and ${databaseKills} servers killed, in the stages ` +
        `${[...stages].sort().join(", ")}; ${acknowledged.length} writes acknowledged; an undisturbed run took ` +
        `${duration} ms, all ${Math.round((Date.now() - began) / 1000)} s`,
    );
    expect(databaseKills).toBeGreaterThanOrEqual(runs / 3);
    expect(kills.reduce((a, b) => a + b, databaseKills)).toBeGreaterThan(runs);
    expect([...stages]).toEqual(expect.arrayContaining(["EMBED", "REPORT"]));
  });
});
