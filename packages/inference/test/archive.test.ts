import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import { type Header, pack } from "tar-stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ArchiveLimits, InvalidArchiveError, readDatasetArchive } from "../src/archive.ts";
import { hasSharedData, sharedFile } from "./shared-data.ts";

type Files = Record<string, string>;

function tarOf(files: Files, extra: readonly (Partial<Header> & { name: string })[] = []): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name }, content);
  for (const header of extra) tar.entry(header, "");
  tar.finalize();
  return buffer(tar);
}

function zipOf(files: Files): Uint8Array {
  return zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)])));
}

const PICTURES = { "test/cat/1.png": "meow", "test/dog/1.png": "wuff", "train/cat/1.jpeg": "miau" };

describe("readDatasetArchive", () => {
  let folder: string;
  let count = 0;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "faultline-archive-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function read(bytes: Uint8Array, limits?: ArchiveLimits) {
    const path = join(folder, `archive-${count++}`);
    await writeFile(path, bytes);
    const images = [];
    for await (const image of readDatasetArchive(path, limits))
      images.push({ ...image, bytes: Buffer.from(image.bytes).toString() });
    return images;
  }

  const formats: [string, (files: Files) => Uint8Array | Promise<Uint8Array>][] = [
    ["tar", tarOf],
    ["tar.gz", async (files) => gzipSync(await tarOf(files))],
    ["zip", zipOf],
  ];

  describe.each(formats)("%s", (_, pack) => {
    it("yields split, class, id and bytes", async () => {
      const images = await read(
        await pack({ "README.md": "hi", "test/cat/.DS_Store": "x", "__MACOSX/test/a.png": "x", ...PICTURES }),
      );
      expect(images).toEqual([
        { path: "test/cat/1.png", split: "test", className: "cat", id: "test/cat/1", bytes: "meow" },
        { path: "test/dog/1.png", split: "test", className: "dog", id: "test/dog/1", bytes: "wuff" },
        { path: "train/cat/1.jpeg", split: "train", className: "cat", id: "train/cat/1", bytes: "miau" },
      ]);
    });

    it("takes class/file without a split", async () => {
      const images = await read(await pack({ "./cat/a.b.png": "1", "./dog/c": "2" }));
      expect(images.map(({ split, className, id }) => [split, className, id])).toEqual([
        [null, "cat", "cat/a.b"],
        [null, "dog", "dog/c"],
      ]);
    });

    it.each<[string, Files, ArchiveLimits, RegExp]>([
      ["..", { "test/../../etc/passwd": "x" }, {}, /\.\.|not safe|relative path/],
      ["absolute paths", { "/etc/cat/passwd": "x" }, {}, /not safe|absolute path/],
      ["drive letters", { "C:/cat/a.png": "x" }, {}, /not safe|absolute path/],
      ["backslashes", { "test\\cat\\..\\a.png": "x" }, {}, /not safe|invalid characters/],
      ["mixed depths", { "cat/1.png": "x", "test/cat/1.png": "y" }, {}, /mixes/],
      ["deep folders", { "a/test/cat/1.png": "y" }, {}, /3 folders deep/],
      ["large files", PICTURES, { maxFileBytes: 3 }, /3 bytes a file/],
      ["large archives", PICTURES, { maxTotalBytes: 10 }, /10 bytes in all/],
      ["many entries", PICTURES, { maxEntries: 2 }, /more than 2 entries/],
    ])("refuses %s", async (_, files, limits, message) => {
      const error = await read(await pack(files), limits).catch((e) => e);
      expect(error).toBeInstanceOf(InvalidArchiveError);
      expect(error.message).toMatch(message);
    });

    it("refuses an archive that is cut short", async () => {
      const whole = await pack({ ...PICTURES, "test/cat/2.png": "z".repeat(5000) });
      const end = (await pack(PICTURES)).length > 4000 ? 3500 : Math.floor(whole.length * 0.6);
      await expect(read(whole.subarray(0, end))).rejects.toThrow(InvalidArchiveError);
    });
  });

  it.each(["symlink", "link", "character-device", "fifo"] as const)("refuses a %s in a tar", async (type) => {
    const tar = await tarOf(PICTURES, [
      { name: "test/cat/9.png", type, ...(type.endsWith("link") && { linkname: "/etc/passwd" }) },
    ]);
    await expect(read(tar)).rejects.toThrow(`"test/cat/9.png" is a ${type}`);
  });

  it("refuses control characters in a tar", async () => {
    await expect(read(await tarOf({ "test/cat/a\n.png": "x" }))).rejects.toThrow(
      '"test/cat/a\\n.png" is not safe',
    );
  });

  it("refuses a symlink in a zip", async () => {
    const zip = zipSync({
      "test/cat/9.png": [Buffer.from("/etc/passwd"), { os: 3, attrs: (0o120777 << 16) >>> 0 }],
    });
    await expect(read(zip)).rejects.toThrow('"test/cat/9.png" is a symlink');
  });

  it("stops at a gzip bomb, even one of skipped files", async () => {
    const bomb = gzipSync(await tarOf({ "zeros.bin": "\0".repeat(8_000_000) }));
    expect(bomb.length).toBeLessThan(20_000);
    await expect(read(bomb, { maxTotalBytes: 1_000_000 })).rejects.toThrow(
      "it unpacks to more than 3048576 bytes",
    );
  });

  it("stops at a zip whose directory lies about a size", async () => {
    const zip = Buffer.from(zipOf({ "cat/1.png": "a".repeat(100_000) }));
    const directory = zip.lastIndexOf(Buffer.from("PK\x01\x02", "latin1"));
    zip.writeUInt32LE(10, directory + 24);
    await expect(read(zip)).rejects.toThrow(InvalidArchiveError);
  });

  it("closes its files when the reader stops early", async () => {
    const path = join(folder, "early.tar");
    await writeFile(path, await tarOf(PICTURES));
    for await (const image of readDatasetArchive(path)) {
      expect(image.id).toBe("test/cat/1");
      break;
    }
  });

  it("refuses what is no archive", async () => {
    await expect(read(Buffer.from("hello, this is text".repeat(100)))).rejects.toThrow(InvalidArchiveError);
  });

  it.skipIf(!hasSharedData)("reads the 13,000 photographs", async () => {
    const counts = new Map<string, number>();
    for await (const { split } of readDatasetArchive(sharedFile("cifar10-photos.tar")))
      counts.set(split ?? "", (counts.get(split ?? "") ?? 0) + 1);
    expect([...counts.keys()].sort()).toEqual(["test", "train"]);
    expect(counts.get("test")).toBeGreaterThan(2000);
  });
});
