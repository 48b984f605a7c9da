import { createHash, hash } from "node:crypto";
import { closeSync, fstatSync, fsync, openSync, readSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { promisify } from "node:util";
import { outOfRange } from "./artifact-store.ts";

/**
 * Up to so many bytes are read and written at once, on the calling thread: 0.01 ms for a photograph of 1 kB, 0.05 ms for
 * 256 kB. Each of the four trips through libuv's thread pool that `readFile` makes costs more than that (0.06 ms in all,
 * 0.17 beside busy cores), which a run pays for every picture, and for every shard that a detector is measured on.
 * Writing would take eleven, 1.7 ms of processor time instead of 0.5: only what waits for the disk stays one.
 */
export const smallBytes = 256 * 2 ** 10;

/** Read and hashed at once where a blob is large: 1 ms of the calling thread. */
const pieceBytes = 2 ** 20;

export function sha256Of(content: Uint8Array): string {
  return hash("sha256", content, "hex");
}

/** A file's bytes from `offset`, and their hash where they are the whole file. */
export interface FilePart {
  bytes: Buffer;
  /** Null for a part of a file. */
  sha256: string | null;
}

/**
 * Reads a small file, or a small part of one, on the calling thread.
 *
 * @param name the hash that errors name
 * @returns null where that is too large for it: see {@link readLargePart}
 * @throws ENOENT; ArtifactError OUT_OF_RANGE
 */
export function readSmallPart(file: string, name: string, offset = 0, length?: number): FilePart | null {
  const descriptor = openSync(file, "r");
  try {
    const { size } = fstatSync(descriptor);
    const wanted = length ?? size;
    if (offset + wanted > size) throw outOfRange(name, offset + wanted);
    if (wanted > smallBytes) return null;
    const bytes = Buffer.allocUnsafe(wanted);
    for (let filled = 0; filled < wanted; )
      filled += some(
        readSync(descriptor, bytes, filled, wanted - filled, offset + filled),
        name,
        offset + wanted,
      );
    return { bytes, sha256: wanted === size ? sha256Of(bytes) : null };
  } finally {
    closeSync(descriptor);
  }
}

/** The same for any size, piece by piece. */
export async function readLargePart(
  file: string,
  name: string,
  offset = 0,
  length?: number,
): Promise<FilePart> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const wanted = length ?? size;
    const bytes = Buffer.allocUnsafe(wanted);
    const sum = wanted === size ? createHash("sha256") : null;
    for (let filled = 0; filled < wanted; ) {
      const piece = Math.min(pieceBytes, wanted - filled);
      const { bytesRead } = await handle.read(bytes, filled, piece, offset + filled);
      filled += some(bytesRead, name, offset + wanted);
      sum?.update(bytes.subarray(filled - bytesRead, filled));
    }
    return { bytes, sha256: sum?.digest("hex") ?? null };
  } finally {
    await handle.close();
  }
}

/** @throws ArtifactError OUT_OF_RANGE when the file has become shorter meanwhile */
function some(bytesRead: number, name: string, end: number): number {
  if (bytesRead === 0) throw outOfRange(name, end);
  return bytesRead;
}

/** The hash of a file, and which file it was that had it. @throws ENOENT */
export async function hashOnDisk(file: string): Promise<{ sha256: string; isStillThere: () => boolean }> {
  const handle = await open(file);
  try {
    const { ino } = await handle.stat();
    const sum = createHash("sha256");
    const content = handle.createReadStream({ highWaterMark: pieceBytes, autoClose: false });
    for await (const piece of content as AsyncIterable<Buffer>) sum.update(piece);
    return {
      sha256: sum.digest("hex"),
      isStillThere: () => statSync(file, { throwIfNoEntry: false })?.ino === ino,
    };
  } finally {
    await handle.close();
  }
}

/** Makes a file, or the entries of a folder, durable. */
export async function sync(file: string): Promise<void> {
  await withDurable(openSync(file, "r"), () => {});
}

const flush = promisify(fsync);

/** Makes durable what `use` has done to an open file or folder, and closes it. */
export async function withDurable(descriptor: number, use: (descriptor: number) => void): Promise<void> {
  try {
    use(descriptor);
    await flush(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
