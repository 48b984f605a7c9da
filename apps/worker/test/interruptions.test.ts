// Jobs that are interrupted through no fault of theirs, more often than a job may be tried.
import type { RunningWorker } from "@faultline/worker";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { maximumAttempts } from "../src/queue/run-state.ts";
import {
  menagerie,
  menagerieArchive,
  menageriePhrases,
  registerMenagerieVersion,
  registerMenagerieVlm,
} from "./menagerie.ts";
import { until } from "./registration.ts";
import { type WorkerFixture, workerFixture } from "./worker-fixture.ts";

const interruptions = maximumAttempts + 2;
// The report then takes long enough to be interrupted.
const configuration = { shardSize: 64, bootstrapReplicates: 10_000 };

describe("a run that is interrupted", () => {
  let fixture: WorkerFixture;
  let parts: {
    modelVersionId: string;
    visionLanguageModelId: string;
    conceptSetId: string;
    datasetId: string;
  };
  let undisturbed: string | undefined;

  beforeAll(async () => {
    fixture = await workerFixture();
    const { registration } = fixture;
    const archive = menagerieArchive({ alignment: 8, calibration: 5, test: 5 });
    const dataset = await registration.dataset({ classes: menagerie.classes, archive });
    parts = {
      modelVersionId: await registerMenagerieVersion(registration, "v1.1"),
      visionLanguageModelId: await registerMenagerieVlm(registration),
      conceptSetId: await registration.conceptSet(menageriePhrases, menagerie.conceptSet.templates),
      datasetId: dataset.id,
    };
    const run = await registration.finished(await registration.startRun({ ...parts, configuration }));
    undisturbed = run.report?.resultSha256;
    expect(undisturbed).toBeDefined();
    await fixture.stopWorker();
  });
  afterAll(() => fixture.close());

  /** Asks again when the connection was one of those that were broken. */
  async function query<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
    return until(async () => {
      const answer = await fixture.registration.database.pool.query<Row>(text, values).catch(() => undefined);
      return answer?.rows;
    });
  }

  interface QueueJob {
    id: string;
    task: string;
    attempts: number;
    locked: boolean;
    /** When it was locked. */
    since: string | null;
  }
  const jobs = (runId: string) =>
    query<QueueJob>(
      `SELECT job.id, task.identifier AS task, job.attempts, job.locked_at IS NOT NULL AS locked, job.locked_at::text AS since
       FROM graphile_worker._private_jobs AS job JOIN graphile_worker._private_tasks AS task ON task.id = job.task_id
       WHERE job.payload->>'runId' = $1`,
      [runId],
    );
  /** The report's job while a worker is at it; undefined when the run has ended meanwhile. */
  const lockedReport = async (runId: string) => {
    const found = await until(
      async () => {
        const report = (await jobs(runId)).find(({ task, locked }) => task === "report" && locked);
        if (report) return report;
        const [{ status }] = await query<{ status: string }>("SELECT status FROM run WHERE id = $1", [runId]);
        return status === "QUEUED" || status === "RUNNING" ? undefined : "ended";
      },
      60_000,
      5,
    );
    return found === "ended" ? undefined : found;
  };

  async function expectUndisturbed(runId: string): Promise<void> {
    await until(async () => {
      const [{ status }] = await query<{ status: string }>("SELECT status FROM run WHERE id = $1", [runId]);
      return (status !== "QUEUED" && status !== "RUNNING") || undefined;
    });
    const run = await fixture.registration.finished(runId);
    expect(run).toMatchObject({ status: "SUCCEEDED", error: null });
    expect(run.report?.resultSha256).toBe(undisturbed);
  }

  it("survives more stops in good order than a job has tries", { timeout: 120_000 }, async () => {
    const runId = await fixture.registration.startRun({ ...parts, configuration });
    for (let stop = 0; stop < interruptions; stop++) {
      const worker = await fixture.startHastyWorker();
      const report = await lockedReport(runId);
      await worker.stop();
      const given = (await jobs(runId)).find((job) => job.id === report?.id);
      // It may have ended before it could be stopped: a fast machine makes the report in a moment.
      if (!given) break;
      expect(given).toMatchObject({ attempts: 0, locked: false });
    }
    const last = await fixture.startHastyWorker();
    await expectUndisturbed(runId);
    await last.stop();
  });

  it("survives the loss of all connections more often than a job has tries", {
    timeout: 120_000,
  }, async () => {
    const runId = await fixture.registration.startRun({ ...parts, configuration });
    const workers: RunningWorker[] = [await fixture.startHastyWorker(), await fixture.startHastyWorker()];
    let ended = 0;
    for (const worker of workers) void worker.finished.catch(() => undefined).then(() => ended++);
    for (let loss = 0; loss < interruptions; loss++) {
      const report = await lockedReport(runId);
      if (!report) break;
      await query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      );
      // Given back, and perhaps taken again by now; or it has ended.
      const given = await until(async () => {
        const job = (await jobs(runId)).find((found) => found.id === report.id);
        return job?.since === report.since ? undefined : (job ?? "ended");
      });
      if (given === "ended") break;
      expect(given.attempts).toBeLessThanOrEqual(1);
    }
    await expectUndisturbed(runId);
    expect(ended).toBe(0);
    // Both have come back among the living.
    await until(async () => (await query("SELECT FROM worker_process")).length === 2 || undefined);
    for (const worker of workers) await worker.stop();
    expect(await query("SELECT FROM worker_process")).toEqual([]);
  });
});
