import { createHash, randomBytes, randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, rmdir, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/postgres-setup.ts";
import { FolderArtifactStore, ProjectStorage, Uploads } from "../src/index.ts";

const project = randomUUID();
let database: TestDatabase;
let storage: ProjectStorage;
const content = randomBytes(50_000);
const sha256 = createHash("sha256").update(content).digest("hex");
let folder: string;
let store: FolderArtifactStore;
let uploads: Uploads;

async function* bytes(from: number, to = content.length, breakAt?: number): AsyncGenerator<Uint8Array> {
  for (let i = from; i < to; i += 1000) {
    if (breakAt !== undefined && i >= breakAt) throw new Error("connection lost");
    yield content.subarray(i, Math.min(i + 1000, to));
  }
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "faultline-upload-"));
  store = await FolderArtifactStore.open(path.join(folder, "store"));
  database = await createTestDatabase();
  await database.prisma.project.create({ data: { id: project, slug: "uploads", name: "Uploads" } });
  storage = new ProjectStorage(database.pool);
  uploads = new Uploads({
    folder: path.join(folder, "uploads"),
    store,
    storage,
    maxBytes: 60_000,
    lockLifetime: 2000,
  });
});

afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

const usage = async () => (await storage.usage([project]))[0];

test("resumes where a lost connection left it", async () => {
  expect(await uploads.received(project, sha256)).toBe(0);
  await expect(uploads.append(project, sha256, 0, bytes(0, 50_000, 20_000))).rejects.toThrow(
    "connection lost",
  );
  expect(await uploads.received(project, sha256)).toBe(20_000);
  await expect(uploads.append(project, sha256, 30_000, bytes(30_000))).rejects.toMatchObject({
    code: "OFFSET_MISMATCH",
    received: 20_000,
  });
  expect(await uploads.append(project, sha256, 20_000, bytes(20_000))).toBe(50_000);
  expect(await uploads.finish(project, sha256)).toEqual({ sha256, bytes: 50_000 });
  expect(content.equals(await store.read(sha256))).toBe(true);
  expect(await uploads.received(project, sha256)).toBe(0);
});

test("throws wrong content away", async () => {
  const promised = createHash("sha256").update("other").digest("hex");
  await uploads.append(project, promised, 0, bytes(0));
  await expect(uploads.finish(project, promised)).rejects.toMatchObject({ code: "HASH_MISMATCH" });
  expect(await uploads.received(project, promised)).toBe(0);
  expect(await store.has(promised)).toBe(false);
});

test("keeps projects apart", async () => {
  await uploads.append(project, sha256, 0, bytes(0, 1000));
  expect(await uploads.received(randomUUID(), sha256)).toBe(0);
  await expect(uploads.finish(randomUUID(), sha256)).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("refuses more than its limit", async () => {
  const large = "1".repeat(64);
  async function* zeros() {
    for (let i = 0; i < 7; i++) yield Buffer.alloc(10_000);
  }
  await expect(uploads.append(project, large, 0, zeros())).rejects.toMatchObject({ code: "TOO_LARGE" });
  expect(await uploads.received(project, large)).toBe(60_000);
});

test("lets one writer in at a time", async () => {
  const other = "2".repeat(64);
  let proceed = () => {};
  async function* slow() {
    yield Buffer.from("a");
    await new Promise<void>((resolve) => {
      proceed = resolve;
    });
    yield Buffer.from("b");
  }
  const first = uploads.append(project, other, 0, slow());
  while ((await uploads.received(project, other)) === 0)
    await new Promise((resolve) => setTimeout(resolve, 5));
  await expect(uploads.append(project, other, 1, bytes(0))).rejects.toMatchObject({ code: "BUSY" });
  proceed();
  expect(await first).toBe(2);
});

test("a lost lock ends the append, not the process, and what came until then is kept", async () => {
  const contested = "4".repeat(64);
  const lock = path.join(folder, "uploads", project, `${contested}.lock`);
  let stalled = () => {};
  async function* stalling() {
    yield Buffer.from("abc");
    await new Promise<void>((resolve) => {
      stalled = resolve;
    });
    yield Buffer.from("never written");
  }
  const first = uploads.append(project, contested, 0, stalling());
  await vi.waitFor(async () => expect(await uploads.received(project, contested)).toBe(3));
  await rmdir(lock);
  await expect(first).rejects.toMatchObject({ name: "UploadError", code: "BUSY", received: 3 });
  stalled();
  expect(
    await uploads.append(
      project,
      contested,
      3,
      (async function* () {
        yield Buffer.from("def");
      })(),
    ),
  ).toBe(6);
  await uploads.abandon(project, contested);
});

test("two that write after all put the same bytes into the same place", async () => {
  const twice = createHash("sha256").update(content).digest("hex");
  const lock = path.join(folder, "uploads", project, `${twice}.lock`);
  const proceed: (() => void)[] = [];
  async function* gated(from: number) {
    yield* bytes(from, 10_000);
    await new Promise<void>((resolve) => {
      proceed.push(resolve);
    });
    yield* bytes(10_000);
  }
  async function* together() {
    proceed[0]();
    yield* bytes(10_000);
  }
  const begun = await uploads.received(project, twice);
  const first = uploads.append(project, twice, begun, gated(begun));
  await vi.waitFor(() => expect(proceed).toHaveLength(1));
  // Before the first one notices.
  await rmdir(lock);
  const second = uploads.append(project, twice, 10_000, together());
  expect(await second).toBe(50_000);
  await first.catch(() => undefined);
  expect(await uploads.finish(project, twice)).toMatchObject({ bytes: 50_000 });
});

test("what is about to come is reserved, and settled when it has come", async () => {
  const own = randomBytes(3000);
  const hash = createHash("sha256").update(own).digest("hex");
  const before = await usage();
  const part = (from: number, to: number) =>
    (async function* () {
      yield own.subarray(from, to);
    })();
  await uploads.append(project, hash, 0, part(0, 1000), 3000);
  expect(await usage()).toMatchObject({
    reservedBytes: before.reservedBytes + 3000,
    unfinishedUploads: before.unfinishedUploads + 1,
  });
  await uploads.append(project, hash, 1000, part(1000, 3000), 3000);
  await uploads.finish(project, hash);
  expect(await usage()).toMatchObject({
    ...before,
    usedBytes: before.usedBytes + 3000,
  });
});

test("removes what was abandoned, and every trace of it", async () => {
  const own = randomUUID();
  await database.prisma.project.create({ data: { id: own, slug: own, name: "Abandoned" } });
  const left = "3".repeat(64);
  await uploads.append(own, left, 0, bytes(0, 1000), 50_000);
  const place = path.join(folder, "uploads", own);
  // What a killed process leaves: its lock.
  await mkdir(path.join(place, `${"5".repeat(64)}.lock`));
  expect(await uploads.removeAbandoned(60_000)).toBe(0);
  expect((await storage.usage([own]))[0].reservedBytes).toBe(50_000);

  for (const name of await readdir(place)) await utimes(path.join(place, name), 0, 0);
  await database.pool.query("UPDATE unfinished_upload SET updated_at = 'epoch' WHERE project_id = $1", [own]);
  expect(await uploads.removeAbandoned(60_000)).toBe(1);
  expect(await uploads.received(own, left)).toBe(0);
  expect((await storage.usage([own]))[0]).toMatchObject({ reservedBytes: 0, unfinishedUploads: 0 });
  await expect(stat(place)).rejects.toMatchObject({ code: "ENOENT" });
});

test("an upload that is being written is not abandoned, however old, and one without a file is given back", async () => {
  const [busy, lost] = ["6".repeat(64), "7".repeat(64)];
  let proceed = () => {};
  const writing = uploads.append(
    project,
    busy,
    0,
    (async function* () {
      yield Buffer.from("a");
      await new Promise<void>((resolve) => {
        proceed = resolve;
      });
    })(),
  );
  await vi.waitFor(async () => expect(await uploads.received(project, busy)).toBe(1));
  await storage.reserve(project, lost, 1000);
  await utimes(path.join(folder, "uploads", project, busy), 0, 0);
  await database.pool.query("UPDATE unfinished_upload SET updated_at = 'epoch' WHERE sha256 = ANY($1)", [
    [busy, lost],
  ]);
  expect(await uploads.removeAbandoned(60_000)).toBe(1);
  proceed();
  expect(await writing).toBe(1);
  await uploads.abandon(project, busy);
});

test("files of an older version, which reserved nothing, are swept too", async () => {
  const old = path.join(folder, "uploads", project, "8".repeat(64));
  await writeFile(old, "left");
  await utimes(old, 0, 0);
  expect(await uploads.removeAbandoned(60_000)).toBe(1);
  await expect(stat(old)).rejects.toMatchObject({ code: "ENOENT" });
});
