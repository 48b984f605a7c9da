import { createHash, randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/postgres-setup.ts";
import { defaultStorageLimits, ProjectStorage } from "../src/index.ts";

let database: TestDatabase;
let storage: ProjectStorage;

beforeAll(async () => {
  database = await createTestDatabase();
  storage = new ProjectStorage(database.pool, {
    quotaBytes: 1000,
    unfinishedUploads: 4,
    unfinishedBytes: 600,
  });
});
afterAll(() => database.close());

async function newProject(quotaBytes?: bigint): Promise<string> {
  const { id } = await database.prisma.project.create({
    data: { slug: randomUUID(), name: "Quota", quotaBytes },
  });
  return id;
}

const hash = (text: string) => createHash("sha256").update(text).digest("hex");

test("reservations at the same time do not exceed the quota together", async () => {
  const project = await newProject(250n);
  const results = await Promise.allSettled(
    Array.from({ length: 8 }, (_, i) => storage.reserve(project, hash(`${i}`), 100)),
  );
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
  for (const result of results)
    if (result.status === "rejected")
      expect(result.reason).toMatchObject({ name: "StorageError", code: "QUOTA_EXCEEDED" });
  expect(await storage.usage([project])).toEqual([
    { usedBytes: 0, reservedBytes: 200, quotaBytes: 250, unfinishedUploads: 2 },
  ]);
});

test("says what is used, what may be used, and what to do", async () => {
  const project = await newProject();
  await storage.reserve(project, hash("a"), 600);
  await storage.own(project, { sha256: hash("a"), bytes: 600 });
  await storage.reserve(project, hash("b"), 300);
  await expect(storage.reserve(project, hash("c"), 101)).rejects.toMatchObject({
    code: "QUOTA_EXCEEDED",
    message: expect.stringMatching(/600 of its 1000 bytes.* 300, and 101 more.*Delete.*administrator/),
    usage: { usedBytes: 600, reservedBytes: 300, quotaBytes: 1000 },
  });
  await storage.release(project, hash("b"));
  expect(await storage.reserve(project, hash("c"), 101)).toBe(101);
});

test("bounds the unfinished uploads by number and by bytes", async () => {
  const project = await newProject(10_000n);
  for (const name of ["a", "b", "c", "d"]) await storage.reserve(project, hash(name), 1);
  await expect(storage.reserve(project, hash("e"), 1)).rejects.toMatchObject({ code: "TOO_MANY_UPLOADS" });
  // One that has begun may go on, within their common size.
  expect(await storage.reserve(project, hash("a"), 500)).toBe(500);
  await expect(storage.reserve(project, hash("b"), 99)).rejects.toMatchObject({ code: "TOO_MANY_UPLOADS" });
  await storage.release(project, hash("c"));
  expect(await storage.reserve(project, hash("e"), 50)).toBe(50);
});

test("a limit that is left undefined is the default", async () => {
  const project = await newProject();
  const [{ quotaBytes }] = await new ProjectStorage(database.pool, { quotaBytes: undefined }).usage([
    project,
  ]);
  expect(quotaBytes).toBe(defaultStorageLimits.quotaBytes);
});

test("grants what is there of what is better", async () => {
  const project = await newProject(150n);
  expect(await storage.reserve(project, hash("a"), 10, 100)).toBe(100);
  expect(await storage.reserve(project, hash("a"), 101, 200)).toBe(150);
  await expect(storage.reserve(project, hash("a"), 151)).rejects.toMatchObject({ code: "QUOTA_EXCEEDED" });
});

test("counts a blob once a project, and again for each project", async () => {
  const [one, other] = [await newProject(100n), await newProject(100n)];
  for (const project of [one, other]) {
    await storage.own(project, { sha256: hash("shared"), bytes: 100 });
    // Uploaded again, to heal it.
    expect(await storage.reserve(project, hash("shared"), 100)).toBe(100);
    await storage.own(project, { sha256: hash("shared"), bytes: 100 });
    await expect(storage.own(project, { sha256: hash("more"), bytes: 1 })).rejects.toMatchObject({
      code: "QUOTA_EXCEEDED",
    });
  }
  expect((await storage.usage([one, other])).map(({ usedBytes }) => usedBytes)).toEqual([100, 100]);
});

test("an upload that was let in is finished, whatever has become of the quota", async () => {
  const project = await newProject(100n);
  await storage.reserve(project, hash("a"), 100);
  await database.prisma.project.update({ where: { id: project }, data: { quotaBytes: 10n } });
  await storage.own(project, { sha256: hash("a"), bytes: 100 });
  await expect(storage.requireRoom(project, 1)).rejects.toMatchObject({ code: "QUOTA_EXCEEDED" });
});
