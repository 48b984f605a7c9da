import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  menagerie,
  menagerieArchive,
  menageriePhrases,
  registerMenagerieVersion,
  registerMenagerieVlm,
} from "./menagerie.ts";
import { until } from "./registration.ts";
import { type WorkerFixture, workerFixture } from "./worker-fixture.ts";

const configuration = { shardSize: 64, bootstrapReplicates: 100 };

describe("cancelling and retrying", () => {
  let fixture: WorkerFixture;
  let parts: {
    modelVersionId: string;
    visionLanguageModelId: string;
    conceptSetId: string;
    datasetId: string;
  };

  beforeAll(async () => {
    fixture = await workerFixture();
    const { registration } = fixture;
    const archive = menagerieArchive({ alignment: 4, calibration: 5, test: 5 });
    const dataset = await registration.dataset({ classes: menagerie.classes, archive });
    parts = {
      modelVersionId: await registerMenagerieVersion(registration, "v1.0"),
      visionLanguageModelId: await registerMenagerieVlm(registration),
      conceptSetId: await registration.conceptSet(menageriePhrases),
      datasetId: dataset.id,
    };
  });
  afterAll(() => fixture.close());

  const jobsLeft = async () =>
    (await fixture.registration.database.pool.query("SELECT FROM graphile_worker.jobs")).rowCount;

  async function retry(runId: string): Promise<void> {
    const { prisma } = fixture.registration.database;
    await prisma.$transaction(async (transaction) => {
      const { attempt } = await transaction.run.update({
        where: { id: runId },
        data: {
          attempt: { increment: 1 },
          status: "QUEUED",
          cancelRequestedAt: null,
          error: null,
          finishedAt: null,
        },
      });
      await transaction.$executeRaw`SELECT graphile_worker.add_job('plan-run', ${JSON.stringify({ runId, attempt })}::json)`;
    });
  }

  it("stops soon after a cancellation, leaves nothing visible, and a retry ends as an undisturbed run", async () => {
    const { registration } = fixture;
    const { prisma } = registration.database;
    const runId = await registration.startRun({ ...parts, configuration });
    await until(async () => {
      const progress = await prisma.runProgress.findFirst({ where: { runId, stage: "EMBED" } });
      return progress && progress.done > 0 ? true : undefined;
    });
    const asked = Date.now();
    await prisma.run.update({ where: { id: runId }, data: { cancelRequestedAt: new Date() } });
    const cancelled = await registration.finished(runId);
    expect(cancelled.status).toBe("CANCELLED");
    expect(Date.now() - asked).toBeLessThan(3_000);
    await until(async () => ((await jobsLeft()) === 0 ? true : undefined));
    expect(await prisma.verdict.count({ where: { runId } })).toBe(0);
    expect(await prisma.runReport.count({ where: { runId } })).toBe(0);

    await retry(runId);
    const retried = await registration.finished(runId);
    expect(retried).toMatchObject({ status: "SUCCEEDED", attempt: 2 });
    const undisturbed = await registration.finished(await registration.startRun({ ...parts, configuration }));
    expect(retried.report?.resultSha256).toBe(undisturbed.report?.resultSha256);
  });

  it("jobs of an older attempt stop and change nothing", async () => {
    const { registration } = fixture;
    const runId = await registration.startRun({ ...parts, configuration });
    const { prisma } = registration.database;
    // The first attempt may have begun by now.
    const superseded = await prisma.run.update({ where: { id: runId }, data: { attempt: 2 } });
    await until(async () => ((await jobsLeft()) === 0 ? true : undefined));
    expect(await prisma.run.findUnique({ where: { id: runId } })).toEqual(superseded);
    expect(superseded.status).toMatch(/QUEUED|RUNNING/);
  });

  it("a run that was deleted ends its jobs quietly", async () => {
    const { registration } = fixture;
    const runId = await registration.startRun({ ...parts, configuration });
    await until(async () =>
      (await registration.database.prisma.runProgress.count({ where: { runId } })) > 0 ? true : undefined,
    );
    await registration.database.prisma.run.delete({ where: { id: runId } });
    await until(async () => ((await jobsLeft()) === 0 ? true : undefined));
  });

  it("fails a run with the reason when an artifact is gone, and a retry heals it", async () => {
    const { registration } = fixture;
    const { prisma } = registration.database;
    const version = await prisma.modelVersion.findUniqueOrThrow({ where: { id: parts.modelVersionId } });
    const modelVersion = await prisma.modelVersion.create({
      data: {
        ...version,
        id: undefined,
        name: "broken",
        metadata: {},
        preprocessing: version.preprocessing ?? {},
        encoderSha256: "0".repeat(64),
      },
    });
    const runId = await registration.startRun({ ...parts, modelVersionId: modelVersion.id, configuration });
    // Backoff would take minutes: every try of the job is made at once.
    const hurry = setInterval(
      () =>
        void registration.database.pool.query(
          "UPDATE graphile_worker._private_jobs SET run_at = now() WHERE run_at > now()",
        ),
      100,
    );
    try {
      const run = await registration.finished(runId);
      expect(run.status).toBe("FAILED");
      expect(run.error).toMatch(/embed-shard failed 6 times, at last with: Artifact 0+ is not in the store/);
      await prisma.modelVersion.update({
        where: { id: modelVersion.id },
        data: { encoderSha256: version.encoderSha256 },
      });
      await retry(runId);
      expect(await registration.finished(runId)).toMatchObject({ status: "SUCCEEDED", error: null });
    } finally {
      clearInterval(hurry);
    }
  });
});
