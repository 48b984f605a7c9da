import { InvalidArchiveError, readDatasetArchive } from "@faultline/inference";
import { gzipSync, zipSync } from "fflate";
import { packTar } from "../../../demo/world/tar.ts";
import type { FuzzTarget } from "../fuzz-target.ts";
import { mutated } from "../mutation.ts";

const files: Record<string, Buffer> = {
  "test/cat/1.png": Buffer.from("meow"),
  "test/dog/2.jpeg": Buffer.from("wuff".repeat(200)),
  "train/cat/ä.png": Buffer.from(""),
};
const flat = { "cat/1.png": Buffer.from("a"), "dog/1.png": Buffer.from("b") };
const entries = (named: Record<string, Buffer>) =>
  Object.entries(named).map(([name, content]) => ({ name, content }));

function pax(path: string): Buffer {
  const body = ` path=${path}\n`;
  const record = Buffer.from(`${body.length + 2}${body}`);
  const [header] = [packTar([{ name: "pax", content: record }])];
  const named = Buffer.from(header.subarray(0, header.length - 1024));
  named[156] = "x".charCodeAt(0);
  return Buffer.concat([Buffer.from(withChecksums(named)), packTar(entries(flat))]);
}

/** Each header's checksum is made right, as far as sizes lead from one to the next. */
function withChecksums(bytes: Uint8Array): Uint8Array {
  const tar = Buffer.from(bytes);
  for (let at = 0; at + 512 <= tar.length; ) {
    const header = tar.subarray(at, at + 512);
    if (header.every((byte) => byte === 0)) break;
    header.fill(0x20, 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
    const size = Number.parseInt(header.toString("latin1", 124, 135), 8);
    at += 512 + Math.ceil((size > 0 ? size : 0) / 512) * 512;
  }
  return tar;
}

async function readAll(bytes: Uint8Array): Promise<void> {
  for await (const { id, bytes: content } of readDatasetArchive(bytes))
    if (id.length > 512 || !content) throw new Error("unbounded");
}

const isTyped = (error: unknown) => error instanceof InvalidArchiveError;
const tars = [
  packTar(entries({ ...files, "train/cat/ä.png": Buffer.from("x") })),
  packTar(entries(flat)),
  pax("cat/long.png"),
];

export const archiveTargets: readonly FuzzTarget[] = [
  { name: "tar", input: mutated(tars, withChecksums), run: readAll, isTyped },
  // Costly: each starts an unpacker of its own.
  {
    name: "tar.gz",
    cases: 5000,
    input: mutated(tars, withChecksums).map((tar) => gzipSync(tar, { level: 1 })),
    run: readAll,
    isTyped,
  },
  { name: "zip", input: mutated([zipSync(files), zipSync(flat, { level: 0 })]), run: readAll, isTyped },
];
