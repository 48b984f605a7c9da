import { FolderArtifactStore, FreeSpace } from "@faultline/db";
import { type RunningWorker, startWorker } from "@faultline/worker";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { packTar } from "../../../demo/world/tar.ts";
import { createTestDatabase, type TestDatabase } from "../../../test/postgres-setup.ts";
import { mountSmallDisk, noSmallDisk, type SmallDisk } from "../../../test/small-disk.ts";
import { menagerieFiles } from "./menagerie.ts";
import { Registration } from "./registration.ts";

const disk: SmallDisk | null = await mountSmallDisk(32);
if (!disk) console.warn(noSmallDisk);

describe.skipIf(!disk)("on a disk that is nearly full", () => {
  let database: TestDatabase;
  let worker: RunningWorker;
  let registration: Registration;
  beforeAll(async () => {
    const folder = disk?.folder ?? "";
    database = await createTestDatabase();
    const artifactStore = await FolderArtifactStore.open(folder, {
      freeSpace: new FreeSpace([folder], 8 * 2 ** 20),
    });
    registration = await Registration.open(database, artifactStore);
    worker = await startWorker({
      database,
      databaseUrl: database.url,
      artifactStore,
      concurrency: 1,
      threads: 1,
    });
  });
  afterAll(async () => {
    await worker?.stop();
    await database?.close();
    await disk?.close();
  });

  const waitingJobs = async () =>
    (
      await database.pool.query<{ task: string; attempts: number; later: boolean }>(
        `SELECT task_identifier AS task, attempts, run_at > now() AS later FROM graphile_worker.jobs
         WHERE task_identifier = 'ingest-dataset'`,
      )
    ).rows;
  const goOnNow = () => database.pool.query("UPDATE graphile_worker._private_jobs SET run_at = now()");

  it("a job waits for space, at no cost of attempts, and then succeeds", async () => {
    const { content } = menagerieFiles()[0];
    const archiveSha256 = await registration.upload(packTar([{ name: "test/cat/1.png", content }]));
    const giveBack = await disk?.fill(26 * 2 ** 20);
    const { id } = await database.prisma.dataset.create({
      data: {
        projectId: registration.projectId,
        name: "waits",
        classes: ["cat", "dog"],
        archiveSha256,
      },
    });
    await database.pool.query(
      `SELECT graphile_worker.add_job('ingest-dataset', $1::json, max_attempts => 1)`,
      [JSON.stringify({ datasetId: id, archiveSha256, manifestSha256: null })],
    );
    const isPutOff = () =>
      vi.waitFor(
        async () =>
          expect(await waitingJobs()).toEqual([{ task: "ingest-dataset", attempts: 0, later: true }]),
        40_000,
      );
    await isPutOff();
    // Tried again, it waits again: the one attempt that it has is not used up.
    await goOnNow();
    await isPutOff();
    expect(await database.prisma.dataset.findUnique({ where: { id } })).toMatchObject({
      status: "INGESTING",
    });
    await giveBack?.();
    await goOnNow();
    await vi.waitFor(
      async () =>
        expect(await database.prisma.dataset.findUnique({ where: { id } })).toMatchObject({
          status: "READY",
          inputCount: 1,
        }),
      40_000,
    );
    expect(await waitingJobs()).toEqual([]);
  }, 180_000);
});
