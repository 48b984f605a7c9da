import { fork } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/postgres-setup.ts";
import {
  artifactReferences,
  claimArtifacts,
  FolderArtifactStore,
  ingestInputs,
  keepsNoArtifact,
  ownArtifact,
  type SweepOptions,
  sweepArtifacts,
} from "../src/index.ts";
import { seedRun } from "./seed.ts";

let database: TestDatabase;
let folder: string;
let store: FolderArtifactStore;
beforeEach(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(path.join(tmpdir(), "faultline-sweep-"));
  store = await FolderArtifactStore.open(folder);
  await store.claim(await sweepId());
  await age(path.join(folder, "owner"));
});
afterEach(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

const hour = 3_600_000;
/** Longer ago than the grace period. */
const longAgo = new Date(Date.now() - 100 * hour);
const age = (file: string) => utimes(file, longAgo, longAgo);
const fileOf = (sha256: string) => path.join(folder, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
const sweepId = async () => (await database.prisma.artifactSweep.findFirstOrThrow()).id;

/** A blob that was put long ago. */
async function oldBlob(content: Uint8Array = randomBytes(20)): Promise<string> {
  const { sha256 } = await store.put(content);
  await age(fileOf(sha256));
  return sha256;
}

async function kept(): Promise<string[]> {
  const found: string[] = [];
  for (let i = 0; i < 256; i++)
    for await (const { sha256 } of store.list(i.toString(16).padStart(2, "0"))) found.push(sha256);
  return found.sort();
}

/** A whole sweep, now. */
const sweep = (options: SweepOptions = {}) =>
  sweepArtifacts(database.pool, store, { interval: 0, budget: 60_000, ...options });

/** A row in every table that names artifacts, each column with a blob of its own. */
async function nameEverywhere(slug: string): Promise<{ projectId: string; blobs: string[]; runId: string }> {
  const { prisma, pool } = database;
  const { project, version, vlm, dataset, run } = await seedRun(database, { slug });
  const blobs: string[] = [];
  const blob = async () => {
    const sha256 = await oldBlob();
    blobs.push(sha256);
    return sha256;
  };
  await prisma.modelVersion.update({
    where: { id: version.id },
    data: { encoderSha256: await blob(), headSha256: await blob() },
  });
  await prisma.visionLanguageModel.update({
    where: { id: vlm.id },
    data: {
      imageTowerSha256: await blob(),
      textTowerSha256: await blob(),
      tokenizerSha256: await blob(),
      phraseEmbeddings: { create: { phrases: ["a"], artifactSha256: await blob() } },
    },
  });
  await prisma.dataset.update({
    where: { id: dataset.id },
    data: { archiveSha256: await blob(), manifestSha256: await blob() },
  });
  await ingestInputs(pool, dataset.id, [
    { externalId: "1", split: "TEST", label: 0, imageSha256: await blob() },
  ]);
  await prisma.embeddingSet.create({
    data: {
      ...{ datasetId: dataset.id, kind: "EMBEDDING", modelVersionId: version.id, rows: 1, columns: 8 },
      artifactSha256: await blob(),
    },
  });
  await prisma.runShard.create({
    data: {
      ...{ runId: run.id, stage: "EMBED", shard: 0, datasetId: dataset.id },
      ...{ firstPosition: 0, endPosition: 1, inputs: 1 },
      result: { embedding: { sha256: await blob(), rows: 1 }, list: [{ deep: [await blob()] }] },
    },
  });
  await prisma.runReport.create({
    data: {
      ...{ runId: run.id, axis: ["wheels"], conceptCount: 1, inputs: 1, labelled: 1, misclassified: 0 },
      ...{ quarantinedCount: 0, encoderFaults: 0, headFaults: 0, undecidedFaults: 0 },
      details: { calibration: { strengthsSha256: await blob(), inputsSha256: await blob() } },
      strengthsSha256: await blob(),
      vlmStrengthsSha256: await blob(),
      alignmentSha256: await blob(),
      resultSha256: await blob(),
    },
  });
  await prisma.detector.create({
    data: {
      ...{ projectId: project.id, runId: run.id, name: "d", version: 1, similarity: "cosine", threshold: 0 },
      artifactSha256: await blob(),
    },
  });
  return { projectId: project.id, blobs, runId: run.id };
}

describe("the references", () => {
  test("are known for every column of the database that could name an artifact", async () => {
    const { rows } = await database.pool.query<{ name: string }>(
      `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
       WHERE table_schema = 'public' AND (column_name LIKE '%sha256%' OR data_type IN ('json', 'jsonb')
         OR data_type = 'character' AND character_maximum_length = 64)`,
    );
    const known = [...artifactReferences.map(({ column }) => column), ...keepsNoArtifact];
    expect(rows.map(({ name }) => name).sort()).toEqual(known.sort());
  });

  test("keep what they name: a row in each", async () => {
    const { blobs } = await nameEverywhere("everywhere");
    for (const { column } of artifactReferences) {
      const [table, name] = column.split(".");
      const { rowCount } = await database.pool.query(`SELECT FROM ${table} WHERE ${name} IS NOT NULL`);
      expect(rowCount, `a row for ${column}`).toBeGreaterThan(0);
    }
    const orphans = await Promise.all(Array.from({ length: 30 }, () => oldBlob()));
    const { sha256: young } = await store.put(randomBytes(9));
    expect(await sweep()).toMatchObject({ state: "over", removedArtifacts: orphans.length });
    expect(await kept()).toEqual([...blobs, young].sort());
  });

  test("of a deleted project keep nothing, those of another all", async () => {
    const mine = await nameEverywhere("mine");
    const theirs = await nameEverywhere("theirs");
    await sweep();
    expect(await kept()).toEqual([...mine.blobs, ...theirs.blobs].sort());
    await database.prisma.project.delete({ where: { id: mine.projectId } });
    await sweep();
    expect(await kept()).toEqual(theirs.blobs.sort());
  });
});

describe("the sweep", () => {
  test("releases uploads that the project names nowhere, and keeps those of projects that do", async () => {
    const { projectId, blobs } = await nameEverywhere("owner");
    const { projectId: other } = await nameEverywhere("other");
    const [named, unnamed, claimed] = [blobs[0], await oldBlob(), await oldBlob()];
    for (const sha256 of [named, unnamed, claimed])
      for (const id of [projectId, other]) await ownArtifact(database.pool, id, { sha256, bytes: 20 });
    await database.prisma.projectArtifact.updateMany({ data: { usedAt: longAgo } });
    await database.prisma.artifact.updateMany({ data: { createdAt: longAgo } });
    expect(await claimArtifacts(database.pool, projectId, [claimed, "f".repeat(64)])).toEqual(
      new Set([claimed]),
    );
    expect(await sweep()).toMatchObject({ releasedUploads: 4, removedArtifacts: 1 });
    const owned = await database.prisma.projectArtifact.findMany({
      select: { projectId: true, sha256: true },
    });
    expect(owned).toHaveLength(2);
    expect(owned).toEqual(expect.arrayContaining([named, claimed].map((sha256) => ({ projectId, sha256 }))));
    expect(await store.has(unnamed)).toBe(false);
    expect(await database.prisma.artifact.findMany({ where: { sha256: unnamed } })).toEqual([]);
    // Released is released: it has to be uploaded again before it can be named.
    expect(await claimArtifacts(database.pool, other, [claimed])).toEqual(new Set());
  });

  test("forgets shard results that no run names and none has used lately", async () => {
    const { prisma } = database;
    const { runId } = await nameEverywhere("runs");
    const [used, named, forgotten] = [await oldBlob(), await oldBlob(), await oldBlob()];
    const shard = await prisma.runShard.findFirstOrThrow({ where: { runId } });
    await prisma.runShard.create({ data: { ...shard, shard: 1, result: { matrix: named } } });
    await prisma.shardResult.createMany({
      data: [used, named, forgotten].map((artifactSha256, i) => ({
        ...{ key: `${i}`.repeat(64), artifactSha256, rows: 1 },
        usedAt: artifactSha256 === used ? new Date() : longAgo,
      })),
    });
    await sweep();
    expect(await Promise.all([used, named, forgotten].map((sha256) => store.has(sha256)))).toEqual([
      true,
      true,
      false,
    ]);
    expect(await prisma.shardResult.count()).toBe(2);
  });

  test("goes on where it was ended, in bounded steps", async () => {
    const orphans = await Promise.all(Array.from({ length: 200 }, () => oldBlob()));
    let removed = 0;
    let steps = 0;
    for (let state = "unfinished"; state === "unfinished"; steps++) {
      const step = await sweepArtifacts(database.pool, store, { budget: 15 });
      removed += step.removedArtifacts;
      state = step.state;
    }
    expect(steps).toBeGreaterThan(1);
    expect(removed).toBe(orphans.length);
    // Not due again.
    const late = await oldBlob();
    expect(await sweepArtifacts(database.pool, store)).toMatchObject({ state: "over", removedArtifacts: 0 });
    expect(await store.has(late)).toBe(true);
  });

  test("begun long ago does not remove what was named since", async () => {
    const orphan = randomBytes(30);
    const sha256 = await oldBlob(orphan);
    // The marks are taken; the first step ends before the first prefix.
    expect(await sweep({ budget: -1 })).toMatchObject({ state: "unfinished" });
    // Somebody puts the same content and names it: nothing is written, and no mark was taken.
    await store.put(orphan);
    const { version } = await seedRun(database, { slug: "late" });
    await database.prisma.modelVersion.update({ where: { id: version.id }, data: { headSha256: sha256 } });
    expect(await sweep()).toMatchObject({ state: "over", removedArtifacts: 0 });
    expect(await store.has(sha256)).toBe(true);
  });

  test("leaves a store alone that another database claimed, or this one not long ago", async () => {
    const orphan = await oldBlob();
    const other = await createTestDatabase();
    try {
      // Test databases are copies of one.
      await other.pool.query("UPDATE artifact_sweep SET id = gen_random_uuid()");
      expect(await sweepArtifacts(other.pool, store)).toMatchObject({ state: "not-ours" });
    } finally {
      await other.close();
    }
    await utimes(path.join(folder, "owner"), new Date(), new Date());
    expect(await sweep()).toMatchObject({ state: "not-ours" });
    expect(await store.has(orphan)).toBe(true);
    await age(path.join(folder, "owner"));
    expect(await sweep()).toMatchObject({ state: "over", removedArtifacts: 1 });
  });

  test("is one process's work at a time", async () => {
    await oldBlob();
    const steps = await Promise.all(Array.from({ length: 4 }, () => sweep()));
    const removed = steps.reduce((sum, step) => sum + step.removedArtifacts, 0);
    expect(removed).toBe(1);
    for (const { state } of steps) expect(["over", "busy"]).toContain(state);
    expect(await sweep()).toMatchObject({ state: "over" });
  });
});

describe("content that is put while another process sweeps it", () => {
  const content = randomBytes(40);
  const sha256 = createHash("sha256").update(content).digest("hex");
  const processes: ReturnType<typeof fork>[] = [];
  afterAll(() => {
    for (const process of processes) process.kill("SIGKILL");
  });

  test("is there afterwards, each of 2,000 times", async () => {
    const sweeper = fork(new URL("./sweeping-process.ts", import.meta.url), [folder, sha256], {
      execArgv: ["--conditions=faultline-source", "--import", "tsx"],
    });
    processes.push(sweeper);
    await once(sweeper, "message");
    const becomes = (present: boolean) =>
      vi.waitFor(async () => expect(await store.has(sha256)).toBe(present), { interval: 1, timeout: 10_000 });
    await store.put(content);
    for (let i = 0; i < 2_000; i++) {
      await age(fileOf(sha256)).catch(() => undefined);
      // Now and then the sweeper has its way first, which shows that it is at work.
      if (i % 100 === 0) await becomes(false);
      await store.put(content);
      // It may be aside for microseconds; it comes back.
      if (!(await store.has(sha256))) await becomes(true);
    }
    sweeper.kill("SIGKILL");
    await once(sweeper, "exit");
  });
});
