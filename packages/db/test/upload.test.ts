import { createHash, randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FolderArtifactStore, Uploads } from "../src/index.ts";

const project = randomUUID();
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
  uploads = new Uploads(path.join(folder, "uploads"), store, 60_000);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

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

test("removes what was abandoned", async () => {
  await uploads.append(project, "3".repeat(64), 0, bytes(0, 1000));
  expect(await uploads.removeAbandoned(60_000)).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await uploads.removeAbandoned(5)).toBeGreaterThan(0);
  expect(await uploads.received(project, "3".repeat(64))).toBe(0);
});
