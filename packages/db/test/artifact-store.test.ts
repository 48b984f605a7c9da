import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import S3rver from "s3rver";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ArtifactStore, FolderArtifactStore, openArtifactStore, verifyStore } from "../src/index.ts";
import { S3ArtifactStore } from "../src/s3-artifact-store.ts";

let folder: string;
let s3: S3rver;
let endpoint: string;
const maxBytes = 20 * 2 ** 20;

function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

async function* chunks(content: Uint8Array, size = 100_000): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < content.length; i += size) yield content.subarray(i, i + size);
}

function s3Store(): S3ArtifactStore {
  return new S3ArtifactStore({
    bucket: "faultline",
    prefix: "artifacts",
    maxBytes,
    spoolDirectory: path.join(folder, "spool"),
    client: s3Access(),
  });
}

function s3Access() {
  return {
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" },
  };
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "faultline-artifacts-"));
  const port = await new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
  s3 = new S3rver({
    port,
    address: "127.0.0.1",
    silent: true,
    directory: path.join(folder, "s3"),
    configureBuckets: [{ name: "faultline", configs: [] }],
  });
  await s3.run();
  endpoint = `http://127.0.0.1:${port}`;
});

afterAll(async () => {
  await s3.close();
  await rm(folder, { recursive: true, force: true });
});

/** Changes one byte of the blob in the folder store, behind its back. */
async function damageFile(sha256: string): Promise<void> {
  const file = path.join(folder, "store", sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  const content = await readFile(file);
  content[content.length >> 1] ^= 1;
  await writeFile(file, content);
}

/** The same in the bucket. */
async function damageObject(sha256: string): Promise<void> {
  const content = Buffer.from(await s3Store().read(sha256));
  content[content.length >> 1] ^= 1;
  const { S3Client, PutObjectCommand } = await import("@aws-sdk/client-s3");
  const client = new S3Client({ ...s3Access(), forcePathStyle: true });
  const Key = `artifacts/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`;
  await client.send(new PutObjectCommand({ Bucket: "faultline", Key, Body: content }));
  client.destroy();
}

describe.each<[string, () => Promise<ArtifactStore>, (sha256: string) => Promise<void>]>([
  ["folder", () => FolderArtifactStore.open(path.join(folder, "store"), { maxBytes }), damageFile],
  ["S3", async () => s3Store(), damageObject],
])("%s artifact store", (_name, open, damage) => {
  let store: ArtifactStore;
  beforeAll(async () => {
    store = await open();
  });

  test("reads blobs whole, whatever their size", async () => {
    for (const size of [0, 1, 65_535, 65_536, 65_537, 200_000, 262_144, 262_145]) {
      const content = randomBytes(size);
      const stored = await store.put(content);
      expect((await store.read(stored.sha256)).equals(content), `${size} bytes`).toBe(true);
    }
  });

  test("gives back what it was given, from bytes and from a stream", async () => {
    const content = randomBytes(1_000_001);
    const stored = await store.put(content);
    expect(stored).toEqual({ sha256: sha256(content), bytes: content.length });
    expect(await store.put(chunks(content), { sha256: stored.sha256 })).toEqual(stored);
    expect(await store.has(stored.sha256)).toBe(true);
    expect(await store.size(stored.sha256)).toBe(content.length);
    expect(content.equals(await store.read(stored.sha256))).toBe(true);
    const streamed: Buffer[] = [];
    for await (const chunk of await store.stream(stored.sha256)) streamed.push(chunk as Buffer);
    expect(content.equals(Buffer.concat(streamed))).toBe(true);
  });

  test("stores the empty blob", async () => {
    const stored = await store.put(new Uint8Array(0));
    expect(stored.bytes).toBe(0);
    expect(await store.read(stored.sha256)).toHaveLength(0);
  });

  test("stores blobs of several parts", async () => {
    const content = randomBytes(12 * 2 ** 20);
    const { sha256 } = await store.put(chunks(content, 2 ** 20));
    expect(content.equals(await store.read(sha256))).toBe(true);
  });

  test("reads ranges exactly", async () => {
    const content = randomBytes(10_000);
    const stored = await store.put(content);
    expect(await store.readRange(stored.sha256, 100, 50)).toEqual(content.subarray(100, 150));
    expect(await store.readRange(stored.sha256, 9_999, 1)).toEqual(content.subarray(9_999));
    expect(await store.readRange(stored.sha256, 5, 0)).toHaveLength(0);
    await expect(store.readRange(stored.sha256, 9_999, 2)).rejects.toMatchObject({ code: "OUT_OF_RANGE" });
    await expect(store.readRange(stored.sha256, 20_000, 2)).rejects.toMatchObject({ code: "OUT_OF_RANGE" });
  });

  test.each([1000, 300_000])(
    "refuses %i bytes that are not what was promised, and keeps none",
    async (size) => {
      const content = randomBytes(size);
      const promised = sha256(randomBytes(1000));
      await expect(store.put(content, { sha256: promised })).rejects.toMatchObject({ code: "HASH_MISMATCH" });
      expect(await store.has(promised)).toBe(false);
      expect(await store.has(sha256(content))).toBe(false);
    },
  );

  test("refuses content that is too large", async () => {
    const content = randomBytes(1001);
    for (const given of [content, chunks(content, 10)])
      await expect(store.put(given, { maxBytes: 1000 })).rejects.toMatchObject({ code: "TOO_LARGE" });
    expect(await store.has(sha256(content))).toBe(false);
  });

  test("takes a file over", async () => {
    const content = randomBytes(5000);
    const file = path.join(folder, "given");
    await writeFile(file, content);
    const stored = await store.putFile(file, { sha256: sha256(content) });
    await expect(stat(file)).rejects.toMatchObject({ code: "ENOENT" });
    expect(await store.read(stored.sha256)).toEqual(content);
  });

  test("many writers of the same content do not disturb each other", async () => {
    for (const size of [3_000, 300_000]) {
      const content = randomBytes(size);
      const stored = await Promise.all(
        Array.from({ length: 8 }, (_, i) => store.put(i % 2 ? content : chunks(content, 700))),
      );
      expect(new Set(stored.map(({ sha256 }) => sha256)).size).toBe(1);
      expect(content.equals(await store.read(stored[0].sha256))).toBe(true);
    }
  });

  describe("a damaged blob", () => {
    test.each([100, 300_000])("of %i bytes is never given, and storing it again heals it", async (size) => {
      const content = randomBytes(size);
      const { sha256 } = await store.put(content);
      const damaged = { name: "ArtifactError", code: "CORRUPT", message: expect.stringContaining(sha256) };
      for (const read of [
        () => store.read(sha256),
        () => store.readRange(sha256, 0, size),
        async () => buffer(await store.stream(sha256)),
      ]) {
        await damage(sha256);
        await expect(read()).rejects.toMatchObject(damaged);
        // It was set aside: nobody takes it for present, and the reason is still known.
        expect(await store.has(sha256)).toBe(false);
        await expect(read()).rejects.toMatchObject(damaged);
        expect(await store.verify(sha256)).toBe("DAMAGED");
        await store.put(content);
        expect(content.equals(await store.read(sha256))).toBe(true);
      }
    });

    test.each([100, 300_000])("of %i bytes that nobody has read is healed too", async (size) => {
      const content = randomBytes(size);
      const { sha256 } = await store.put(content);
      for (const again of [
        () => store.put(content),
        () => store.put(chunks(content)),
        async () => {
          const file = path.join(folder, "again");
          await writeFile(file, content);
          await store.putFile(file);
        },
      ]) {
        await damage(sha256);
        await again();
        expect(content.equals(await store.read(sha256))).toBe(true);
        expect(await store.verify(sha256)).toBe("SOUND");
      }
    });

    test("does not reach the end of a stream that looks complete", async () => {
      const { sha256 } = await store.put(randomBytes(3_000_000));
      await damage(sha256);
      let arrived = 0;
      await expect(
        (async () => {
          for await (const chunk of await store.stream(sha256)) arrived += (chunk as Buffer).length;
        })(),
      ).rejects.toMatchObject({ code: "CORRUPT" });
      expect(arrived).toBeLessThan(3_000_000);
    });

    test("is found by a walk through the store, in steps", async () => {
      const blobs = await Promise.all([1, 2, 3, 4, 5].map(() => store.put(randomBytes(50))));
      const damagedOnes = blobs.slice(0, 2).map(({ sha256 }) => sha256);
      for (const sha256 of damagedOnes) await damage(sha256);
      const found: string[] = [];
      let next: string | null = "";
      let steps = 0;
      for (; next !== null; steps++) {
        const step = await verifyStore(store, { after: next, maximumBlobs: 3 });
        expect(step.blobs).toBeLessThanOrEqual(3);
        found.push(...step.damaged);
        next = step.next;
      }
      expect(steps).toBeGreaterThan(1);
      expect(found).toEqual(damagedOnes.toSorted());
      expect((await verifyStore(store)).damaged).toEqual([]);
    }, 120_000);
  });

  test("takes a trial write, and leaves nothing of it", async () => {
    await store.assertWritable();
    for (let i = 0; i < 256; i++)
      for await (const { sha256, bytes } of store.list(i.toString(16).padStart(2, "0")))
        expect(await store.size(sha256)).toBe(bytes);
  });

  test("says what it does not have, and forgets what is deleted", async () => {
    const { sha256: present } = await store.put(randomBytes(10));
    await store.delete(present);
    await store.delete(present);
    expect(await store.has(present)).toBe(false);
    for (const ask of [
      () => store.size(present),
      () => store.read(present),
      () => store.readRange(present, 0, 1),
      () => store.stream(present),
    ]) {
      await expect(ask()).rejects.toMatchObject({ name: "ArtifactError", code: "NOT_FOUND" });
    }
    await expect(store.read("../../etc/passwd")).rejects.toMatchObject({ code: "INVALID_HASH" });
  });

  test("lists what it has by the first byte of the hash, and nothing else", async () => {
    const began = Date.now() - 2_000;
    const put = await Promise.all(Array.from({ length: 40 }, () => store.put(randomBytes(12))));
    await store.claim("somebody");
    const wanted = put.map((stored) => stored.sha256);
    for (const prefix of new Set(wanted.map((hash) => hash.slice(0, 2)))) {
      const listed: string[] = [];
      for await (const { sha256: found, writtenAt } of store.list(prefix)) {
        expect(found.startsWith(prefix)).toBe(true);
        if (wanted.includes(found)) expect(writtenAt.getTime()).toBeGreaterThan(began);
        listed.push(found);
      }
      expect(listed).toEqual(expect.arrayContaining(wanted.filter((hash) => hash.startsWith(prefix))));
      expect(new Set(listed).size).toBe(listed.length);
    }
  });

  test("deletes what was put before a moment, and says whether it did", async () => {
    const { sha256: hash } = await store.put(randomBytes(12));
    expect(await store.deleteUnused(hash, new Date(Date.now() - 60_000))).toBe(false);
    expect(await store.has(hash)).toBe(true);
    expect(await store.deleteUnused(hash, new Date(Date.now() + 60_000))).toBe(true);
    expect(await store.has(hash)).toBe(false);
    expect(await store.deleteUnused(hash, new Date(Date.now() + 60_000))).toBe(false);
  });

  test("belongs to who claimed it first", async () => {
    const { owner, since } = await store.claim("somebody");
    expect(await store.claim("somebody else")).toEqual({ owner, since });
    expect(owner).toBe("somebody");
    expect(Math.abs(Date.now() - since.getTime())).toBeLessThan(600_000);
  });
});

test("the folder store leaves no temporary files and removes those of killed processes", async () => {
  const directory = path.join(folder, "abandoned");
  const incoming = path.join(directory, "incoming");
  await mkdir(incoming, { recursive: true });
  await writeFile(path.join(incoming, "old"), "half");
  await utimes(path.join(incoming, "old"), 0, 0);
  await writeFile(path.join(incoming, "young"), "half");
  const store = await FolderArtifactStore.open(directory);
  for (const size of [100, 300_000]) {
    const content = randomBytes(size);
    await Promise.all([1, 2, 3].map(() => store.put(content)));
    await store.put(content);
    await expect(store.put(randomBytes(size), { sha256: sha256(content) })).rejects.toThrow();
  }
  expect(await readdir(incoming)).toEqual(["young"]);
});

test("FAULTLINE_ARTIFACTS chooses the store", async () => {
  expect(await openArtifactStore({ FAULTLINE_ARTIFACTS: "s3://bucket/some/prefix" })).toBeInstanceOf(
    S3ArtifactStore,
  );
  const store = await openArtifactStore({ FAULTLINE_DATA: folder });
  expect(store).toBeInstanceOf(FolderArtifactStore);
  await store.put(Buffer.from("x"));
  expect(await readdir(path.join(folder, "artifacts"))).toContain("incoming");
});
