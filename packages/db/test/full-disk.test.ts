import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mountSmallDisk, noSmallDisk, type SmallDisk } from "../../../test/small-disk.ts";
import { FolderArtifactStore, FreeSpace } from "../src/index.ts";

const disk: SmallDisk | null = await mountSmallDisk(16);
const folder = disk?.folder ?? "";
if (!disk) console.warn(noSmallDisk);

describe.skipIf(!disk)("on a small disk", () => {
  const mebibyte = 2 ** 20;
  let floored: FolderArtifactStore;
  let unfloored: FolderArtifactStore;
  beforeAll(async () => {
    floored = await FolderArtifactStore.open(path.join(folder, "store"), {
      freeSpace: new FreeSpace([folder], 4 * mebibyte),
    });
    unfloored = await FolderArtifactStore.open(path.join(folder, "store"), {
      freeSpace: new FreeSpace([folder], 0),
    });
  });
  afterAll(() => disk?.close());

  async function* endless() {
    for (;;) yield Buffer.alloc(65_536, 1);
  }

  test("a store stops at its floor, small and large blobs, and gives everything back", async () => {
    await expect(floored.put(endless())).rejects.toMatchObject({ name: "ArtifactError", code: "NO_SPACE" });
    // Never below it by more than the step in which it looks.
    await floored.put(randomBytes(mebibyte));
    const giveBack = await disk?.fill(11.5 * mebibyte);
    for (const size of [1000, 2 * mebibyte])
      await expect(floored.put(randomBytes(size))).rejects.toMatchObject({
        code: "NO_SPACE",
        message: expect.stringMatching(/bytes free and keeps 4194304 .*Delete/),
      });
    expect(() => floored.requireSpace()).toThrow(expect.objectContaining({ code: "NO_SPACE" }));
    await expect(floored.assertWritable()).rejects.toMatchObject({ code: "NO_SPACE" });
    await giveBack?.();
    await floored.put(randomBytes(1000));
    await floored.assertWritable();
    expect(await readdir(path.join(folder, "store", "incoming"))).toEqual([]);
  });

  test("a disk that others have filled is told apart from a broken one", async () => {
    const { sha256 } = await unfloored.put(randomBytes(5000));
    const giveBack = await disk?.fillUp();
    for (const content of [randomBytes(100_000), randomBytes(mebibyte), endless()])
      await expect(unfloored.put(content)).rejects.toMatchObject({ code: "NO_SPACE" });
    await expect(unfloored.assertWritable()).rejects.toMatchObject({ code: "NO_SPACE" });
    expect(await unfloored.read(sha256)).toHaveLength(5000);
    await giveBack?.();
    await unfloored.assertWritable();
  });

  test("a store that cannot be written says so", async () => {
    const incoming = path.join(folder, "store", "incoming");
    await rm(incoming, { recursive: true });
    await writeFile(incoming, "a file in the place of the folder");
    await expect(unfloored.assertWritable()).rejects.toMatchObject({ code: "ENOTDIR" });
    await rm(incoming);
    await mkdir(incoming);
    await unfloored.assertWritable();
  });
});
