// Archives that were made to take memory, time or files that are not theirs.
import { buffer } from "node:stream/consumers";
import { deflateRawSync, gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import { type Header, pack } from "tar-stream";
import { describe, expect, it } from "vitest";
import { InvalidArchiveError, readDatasetArchive } from "../src/archive.ts";

async function tarOf(
  ...entries: [Partial<Header> & { name: string }, (string | Buffer)?][]
): Promise<Buffer> {
  const tar = pack();
  for (const [header, content] of entries) tar.entry(header, content ?? "");
  tar.finalize();
  return buffer(tar);
}

/** A tar header of our choosing, with the right checksum. */
function tarHeader(name: string, size: string, type: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write("0000644\0", 100);
  header.write(size, 124, "latin1");
  header.write("        ", 148);
  header.write(type, 156);
  header.write("ustar\u000000", 257);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
  );
  return header;
}

const padded = (content: Buffer) =>
  Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
const octal = (size: number) => `${size.toString(8).padStart(11, "0")}\0`;
const end = Buffer.alloc(1024);

async function idsOf(archive: Uint8Array): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of readDatasetArchive(archive)) ids.push(id);
  return ids;
}

async function refusal(archive: Uint8Array): Promise<string> {
  const error: unknown = await idsOf(archive).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InvalidArchiveError);
  const { message } = error as InvalidArchiveError;
  expect(message.length).toBeLessThanOrEqual(500);
  return message;
}

describe("a hostile tar", () => {
  it("7. with pax paths of 4 MB is refused at the first, in little memory", async () => {
    const record = Buffer.from(`4190016 path=cat/${"x".repeat(4_190_001)}\n`);
    const pax = [tarHeader("pax", octal(record.length), "x"), padded(record), tarHeader("a", octal(0), "0")];
    const bomb = gzipSync(Buffer.concat([...pax, ...pax, ...pax]));
    expect(bomb.length).toBeLessThan(200_000);
    const before = process.memoryUsage().heapUsed;
    expect(await refusal(bomb)).toMatch(/a header in it is 41900\d\d bytes long, more than 16384/);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(50e6);
  });

  it("7. with a GNU long name of 4 MB is refused", async () => {
    const name = Buffer.alloc(4_000_000, "x");
    const tar = Buffer.concat([tarHeader("././@LongLink", octal(name.length), "L"), padded(name)]);
    expect(await refusal(tar)).toMatch(/a header in it is 4000000 bytes long/);
  });

  it("7. with pax records that take quadratic time elsewhere is read in time", async () => {
    // Each record claims one byte: a reader that then looks for the next blank scans the rest of the header again.
    const records = Buffer.alloc(16_000, "1a");
    const header = [tarHeader("pax", octal(records.length), "x"), padded(records)];
    const file = [tarHeader("cat/1.png", octal(0), "0")];
    const tar = Buffer.concat([...Array.from({ length: 50 }, () => header).flat(), ...file, end]);
    const before = process.cpuUsage();
    expect(await idsOf(tar)).toEqual(["cat/1"]);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1e6).toBeLessThan(1);
  });

  it("7. with a path of 513 characters is refused, one of 512 is read", async () => {
    const path = (length: number) => `cat/${"x".repeat(length - 4)}`;
    expect(await idsOf(await tarOf([{ name: path(512) }]))).toEqual([path(512)]);
    expect(await refusal(await tarOf([{ name: path(513) }]))).toMatch(/has 513 characters, more than 512/);
  });

  it.each([
    ["a sparse file", "S", /kind SparseFile/],
    ["a volume label", "V", /kind TapeVolumeHeader/],
    ["an unknown kind", "Z", /kind Unsupported|kind Z/],
    ["a device", "4", /block-device/],
  ])("7. with %s is refused", async (_, type, message) => {
    expect(await refusal(Buffer.concat([tarHeader("cat/1.png", octal(0), type), end]))).toMatch(message);
  });

  it.each([
    ["a size beyond the limit", octal(2 ** 26), /exceeds the limit of 33554432 bytes a file/],
    ["a size of 2^60", `\x80\0\0\0\x10${"\0".repeat(7)}`, /outside of javascript safe integer range/],
    ["more bytes than there are", octal(4096), /cannot be read/],
  ])("7. with %s is refused", async (_, size, message) => {
    expect(await refusal(Buffer.concat([tarHeader("cat/1.png", size, "0"), end]))).toMatch(message);
  });

  it("7. that is compressed twice is refused", async () => {
    expect(await refusal(gzipSync(gzipSync(await tarOf([{ name: "cat/1.png" }]))))).toMatch(
      /compressed twice/,
    );
  });

  it("7. of a gzip bomb is refused within 64 MiB and a hundred times its bytes", async () => {
    const bomb = gzipSync(Buffer.concat([tarHeader("zeros", octal(90e6), "0"), Buffer.alloc(90e6)]));
    expect(await refusal(bomb)).toMatch(/it unpacks to more than \d{8} bytes/);
  });

  it("7. holds names in composed form, so that those of a Mac equal those of others", async () => {
    expect(await idsOf(await tarOf([{ name: "cafe\u0301/1.png" }]))).toEqual(["caf\u00e9/1"]);
  });

  it("7. with NUL in a path has a path that ends there, as everywhere else", async () => {
    const record = "19 path=cat/a\0.png\n";
    const pax = [tarHeader("pax", octal(record.length), "x"), padded(Buffer.from(record))];
    const tar = Buffer.concat([...pax, tarHeader("cat/1.png", octal(0), "0"), end]);
    expect(await idsOf(tar)).toEqual(["cat/a"]);
  });
});

describe("a hostile zip", () => {
  const directoryAt = (zip: Buffer) => zip.indexOf(Buffer.from("PK\x01\x02", "latin1"));

  it("7. that is encrypted is refused", async () => {
    const zip = Buffer.from(zipSync({ "cat/1.png": Buffer.from("x") }));
    zip[directoryAt(zip) + 8] |= 1;
    expect(await refusal(zip)).toMatch(/encrypted/);
  });

  it("7. whose entries share their bytes is refused", async () => {
    // The directory names one deflated megabyte a hundred times, as a quine or a bomb of overlaps does.
    const zip = overlapping(100, 1_000_000);
    expect(await refusal(zip)).toMatch(/its entries overlap/);
  });

  it("7. that unpacks to over a hundred times its bytes is refused", async () => {
    const zeros = new Uint8Array(7_500_000);
    const files = Array.from({ length: 12 }, (_, i) => [`cat/${i}.png`, zeros] as const);
    expect(await refusal(zipSync(Object.fromEntries(files)))).toMatch(/bytes in all/);
  });

  it("7. with NUL in a path is refused", async () => {
    expect(await refusal(zipSync({ "cat/a\0.png": Buffer.from("x") }))).toMatch(/is not safe/);
  });

  it("7. with a device is refused", async () => {
    const zip = zipSync({ "cat/1.png": [Buffer.from("x"), { os: 3, attrs: (0o020666 << 16) >>> 0 }] });
    expect(await refusal(zip)).toMatch(/is a device/);
  });

  it("7. whose end claims 2^32 entries is refused", async () => {
    const zip = Buffer.from(zipSync({ "cat/1.png": Buffer.from("x") }));
    zip.writeUInt16LE(65_535, zip.length - 12);
    expect(await refusal(zip)).toMatch(/cannot be read/);
  });
});

function overlapping(entries: number, bytes: number): Buffer {
  const data = deflateRawSync(Buffer.alloc(bytes, "a"));
  const name = "cat/1.png";
  const local = Buffer.alloc(30 + name.length);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(8, 8);
  local.writeUInt32LE(data.length, 18);
  local.writeUInt32LE(bytes, 22);
  local.writeUInt16LE(name.length, 26);
  local.write(name, 30);
  const directory = Array.from({ length: entries }, (_, i) => {
    const own = `cat/${i}.png`;
    const entry = Buffer.alloc(46 + own.length);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(8, 10);
    entry.writeUInt32LE(data.length, 20);
    entry.writeUInt32LE(bytes, 24);
    entry.writeUInt16LE(own.length, 28);
    entry.write(own, 46);
    return entry;
  });
  const size = directory.reduce((sum, entry) => sum + entry.length, 0);
  const last = Buffer.alloc(22);
  last.writeUInt32LE(0x06054b50, 0);
  last.writeUInt16LE(entries, 8);
  last.writeUInt16LE(entries, 10);
  last.writeUInt32LE(size, 12);
  last.writeUInt32LE(local.length + data.length, 16);
  return Buffer.concat([local, data, ...directory, last]);
}
