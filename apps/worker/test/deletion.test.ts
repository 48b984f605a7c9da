import { FolderArtifactStore, sweepArtifacts } from "@faultline/db";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import {
  menagerie,
  menagerieArchive,
  menageriePhrases,
  registerMenagerieVersion,
  registerMenagerieVlm,
} from "./menagerie.ts";
import { Registration } from "./registration.ts";
import { type WorkerFixture, workerFixture } from "./worker-fixture.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 500_000 });

/** For a run beside other work. */
const patience = 200_000;

let fixture: WorkerFixture;
let mine: Awaited<ReturnType<typeof runIn>>;
let theirs: Awaited<ReturnType<typeof runIn>>;

/** The same content in each project: what one names, the other may name too. */
async function runIn(registration: Registration, seed: number) {
  const archive = menagerieArchive({ alignment: 2, calibration: 2, test: 2 });
  const dataset = await registration.dataset({ classes: menagerie.classes, archive });
  const parts = {
    modelVersionId: await registerMenagerieVersion(registration, "v1.1"),
    visionLanguageModelId: await registerMenagerieVlm(registration),
    conceptSetId: await registration.conceptSet(menageriePhrases, menagerie.conceptSet.templates),
    datasetId: dataset.id,
    configuration: { shardSize: 64, bootstrapReplicates: 100, seed },
  };
  const run = await registration.finished(await registration.startRun(parts), patience);
  expect(run).toMatchObject({ status: "SUCCEEDED", error: null });
  return { registration, parts, run };
}

beforeAll(async () => {
  fixture = await workerFixture();
  const { registration } = fixture;
  const { database, store } = registration;
  const { id } = await database.prisma.artifactSweep.findFirstOrThrow();
  await store.claim(id);
  mine = await runIn(registration, 1);
  theirs = await runIn(await Registration.open(database, store, "theirs"), 2);
});
afterAll(() => fixture.close());

const sweep = () => {
  const { database, store } = fixture.registration;
  return sweepArtifacts(database.pool, store, { grace: 0, interval: 0, budget: 120_000 });
};

async function blobs(): Promise<Set<string>> {
  const store = await FolderArtifactStore.open(fixture.folder);
  const found = new Set<string>();
  for (let i = 0; i < 256; i++)
    for await (const { sha256 } of store.list(i.toString(16).padStart(2, "0"))) found.add(sha256);
  return found;
}

const verdictTables = async () =>
  (
    await fixture.registration.database.pool.query(
      "SELECT FROM pg_class WHERE relkind = 'r' AND relnamespace = 'verdict_partition'::regnamespace",
    )
  ).rowCount;

it("keeps what real runs name: swept with no grace at all, they can be read, and repeated without embedding", async () => {
  const before = await blobs();
  const step = await sweep();
  expect(step).toMatchObject({ state: "over", releasedUploads: 0 });
  expect((await blobs()).size).toBe(before.size - step.removedArtifacts);
  const { prisma } = fixture.registration.database;
  const cached = await prisma.shardResult.count();
  const { registration, parts, run } = theirs;
  const again = await registration.finished(await registration.startRun(parts), patience);
  expect(again.report?.resultSha256).toBe(run.report?.resultSha256);
  expect(await prisma.shardResult.count()).toBe(cached);
});

it("removes what only a deleted project named; the other one's runs go on to the bit", async () => {
  const { prisma } = fixture.registration.database;
  await sweep();
  const before = await blobs();
  const tables = await verdictTables();
  await prisma.project.delete({ where: { id: mine.registration.projectId } });
  // The worker drops the verdicts.
  await vi.waitFor(async () => expect(await verdictTables()).toBe((tables ?? 0) - 1), { timeout: 60_000 });
  expect((await sweep()).removedArtifacts).toBeGreaterThan(5);
  const after = await blobs();
  expect([...after].every((sha256) => before.has(sha256))).toBe(true);
  const { registration, parts, run } = theirs;
  const cached = await prisma.shardResult.count();
  const again = await registration.finished(await registration.startRun(parts), patience);
  expect(again.report?.resultSha256).toBe(run.report?.resultSha256);
  expect(await prisma.shardResult.count()).toBe(cached);
});

it("leaves an empty store when everything is deleted, while a run goes on", async () => {
  const { database } = fixture.registration;
  const { registration, parts } = theirs;
  const running = await registration.startRun({
    ...parts,
    configuration: { ...parts.configuration, seed: 3 },
  });
  await vi.waitFor(
    async () => {
      const run = await database.prisma.run.findUniqueOrThrow({ where: { id: running } });
      expect(run.status).not.toBe("QUEUED");
    },
    { timeout: 60_000, interval: 20 },
  );
  await database.prisma.project.delete({ where: { id: registration.projectId } });
  await vi.waitFor(
    async () => {
      const { rowCount } = await database.pool.query("SELECT FROM graphile_worker._private_jobs");
      expect(rowCount).toBe(0);
    },
    { timeout: 120_000 },
  );
  expect(await verdictTables()).toBe(0);
  await sweep();
  expect(await blobs()).toEqual(new Set());
  expect(await database.prisma.shardResult.count()).toBe(0);
  expect(await database.prisma.artifact.count()).toBe(0);
});
