// Runs and datasets whose jobs died or vanished: each gets a final state, and none that still has a job does.
import { randomUUID } from "node:crypto";
import { failAbandonedWork, releaseJobsOfDeadWorkers } from "@faultline/worker";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type WorkerFixture, workerFixture } from "./worker-fixture.ts";

const log = pino({ level: "silent" });

describe("work that nobody does any more", () => {
  let fixture: WorkerFixture;
  let parts: {
    modelVersionId: string;
    visionLanguageModelId: string;
    conceptSetId: string;
    datasetId: string;
  };

  beforeAll(async () => {
    fixture = await workerFixture(1);
    const { registration } = fixture;
    const dataset = await registration.dataset({
      classes: ["a", "b"],
      manifest: [{ id: "one", split: "test", label: "a" }],
    });
    parts = {
      modelVersionId: await registration.modelVersion({ classes: ["a", "b"], embeddingWidth: 2 }),
      visionLanguageModelId: await registration.vlm({ embeddingWidth: 2 }),
      conceptSetId: await registration.conceptSet(["x"]),
      datasetId: dataset.id,
    };
    await fixture.stopWorker();
  });
  afterAll(() => fixture.close());

  const database = () => fixture.registration.database;
  const run = (id: string) => database().prisma.run.findUniqueOrThrow({ where: { id } });
  const dataset = (id: string) => database().prisma.dataset.findUniqueOrThrow({ where: { id } });

  async function ingestingDataset(): Promise<string> {
    const { prisma, pool } = database();
    const { projectId } = fixture.registration;
    const { id } = await prisma.dataset.create({
      data: { projectId, name: randomUUID(), classes: ["a", "b"] },
    });
    await pool.query("SELECT graphile_worker.add_job('ingest-dataset', $1::json)", [
      JSON.stringify({ datasetId: id, archiveSha256: null, manifestSha256: "0".repeat(64) }),
    ]);
    return id;
  }

  /** Changes the one job whose payload names this id. */
  async function changeJob(id: string, change: string): Promise<void> {
    const { rowCount } = await database().pool.query(
      `UPDATE graphile_worker._private_jobs SET ${change} WHERE payload::text LIKE '%' || $1 || '%'`,
      [id],
    );
    expect(rowCount).toBe(1);
  }
  const deleteJob = (id: string) =>
    database().pool.query(
      "DELETE FROM graphile_worker._private_jobs WHERE payload::text LIKE '%' || $1 || '%'",
      [id],
    );

  it("fails the run and the dataset of a job with which six workers died, and only gives the others back", async () => {
    const { pool } = database();
    const killers = { run: await fixture.registration.startRun(parts), dataset: await ingestingDataset() };
    const innocent = { run: await fixture.registration.startRun(parts), dataset: await ingestingDataset() };
    await pool.query("INSERT INTO worker_process (host, pid, queue_worker_ids) VALUES ('away', 1, '{dead}')");
    for (const id of Object.values(killers))
      await changeJob(id, "attempts = 6, locked_by = 'dead', locked_at = now()");
    for (const id of Object.values(innocent))
      await changeJob(id, "attempts = 1, locked_by = 'dead', locked_at = now()");

    expect(await releaseJobsOfDeadWorkers(database(), log)).toBe(1);
    expect(await run(killers.run)).toMatchObject({
      status: "FAILED",
      error: expect.stringMatching(/plan-run was given up: 6 workers died/),
    });
    expect(await dataset(killers.dataset)).toMatchObject({
      status: "FAILED",
      error: expect.stringMatching(/ingest-dataset was given up: 6 workers died/),
    });
    expect(await run(innocent.run)).toMatchObject({ status: "QUEUED", error: null });
    expect(await dataset(innocent.dataset)).toMatchObject({ status: "INGESTING", error: null });
    const { rowCount } = await pool.query(
      "SELECT FROM graphile_worker._private_jobs WHERE locked_by = 'dead'",
    );
    expect(rowCount).toBe(0);
    for (const id of Object.values(innocent)) await deleteJob(id);
    await failAbandonedWork(database(), log);
  });

  it("fails runs and datasets whose job used up its tries or is gone, and leaves all others alone", async () => {
    const { prisma } = database();
    const ids = async () => ({
      run: await fixture.registration.startRun(parts),
      dataset: await ingestingDataset(),
    });
    const [exhausted, gone, waiting, lastTry] = [await ids(), await ids(), await ids(), await ids()];
    for (const id of Object.values(exhausted))
      await changeJob(id, "attempts = max_attempts, last_error = 'no disk'");
    for (const id of Object.values(gone)) await deleteJob(id);
    // The last try is under way.
    for (const id of Object.values(lastTry))
      await changeJob(id, "attempts = max_attempts, locked_by = 'w', locked_at = now()");
    // A job of an older attempt is not a job of the run.
    const superseded = await fixture.registration.startRun(parts);
    await prisma.run.update({ where: { id: superseded }, data: { attempt: 2 } });
    const cancelled = await fixture.registration.startRun(parts);
    await prisma.run.update({
      where: { id: cancelled },
      data: { status: "RUNNING", cancelRequestedAt: new Date() },
    });
    await deleteJob(cancelled);

    expect(await failAbandonedWork(database(), log)).toBe(6);
    const exhaustedError = expect.stringMatching(/used up its tries, at last with: no disk/);
    const goneError = expect.stringMatching(/No job works on it any more/);
    expect(await run(exhausted.run)).toMatchObject({ status: "FAILED", error: exhaustedError });
    expect(await dataset(exhausted.dataset)).toMatchObject({ status: "FAILED", error: exhaustedError });
    expect(await run(gone.run)).toMatchObject({ status: "FAILED", error: goneError });
    expect(await dataset(gone.dataset)).toMatchObject({ status: "FAILED", error: goneError });
    expect(await run(superseded)).toMatchObject({ status: "FAILED", error: goneError, attempt: 2 });
    expect(await run(cancelled)).toMatchObject({ status: "CANCELLED", error: null });
    for (const alive of [waiting, lastTry]) {
      expect(await run(alive.run)).toMatchObject({ status: "QUEUED" });
      expect(await dataset(alive.dataset)).toMatchObject({ status: "INGESTING" });
    }
    expect(await failAbandonedWork(database(), log)).toBe(0);
  });
});
