import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { pipeline, type Readable, Transform } from "node:stream";
import { ArtifactError, corrupt, type StoredArtifact } from "./artifact-store.ts";
import type { FreeSpace } from "./free-space.ts";

/** After so many bytes of one content the free space is looked at again, which takes 4 µs. */
export const spaceStep = 2 ** 20;

/** Bytes that are hashed and written before others have their turn. */
const pieceBytes = 2 ** 20;

/** Writes content to a new file, durably, hashing on the way. @throws ArtifactError TOO_LARGE, NO_SPACE */
export async function spool(
  content: Uint8Array | AsyncIterable<Uint8Array>,
  file: string,
  maxBytes: number,
  freeSpace: FreeSpace,
): Promise<StoredArtifact> {
  const hash = createHash("sha256");
  const handle = await open(file, "wx");
  let bytes = 0;
  let checked = -spaceStep;
  try {
    for await (const chunk of content instanceof Uint8Array ? piecesOf(content) : content) {
      bytes += chunk.byteLength;
      assertSize(bytes, maxBytes);
      if (bytes - checked >= spaceStep) {
        freeSpace.require(chunk.byteLength);
        checked = bytes;
      }
      hash.update(chunk);
      for (let written = 0; written < chunk.byteLength; ) {
        written += (await handle.write(chunk, written)).bytesWritten;
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { sha256: hash.digest("hex"), bytes };
}

/** A content of 30 MB would hold the thread for a tenth of a second in one piece. */
function* piecesOf(content: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < content.byteLength; at += pieceBytes) yield content.subarray(at, at + pieceBytes);
}

/** Hash and size of a file. @throws ArtifactError TOO_LARGE */
export async function hashFile(file: string, maxBytes = Number.POSITIVE_INFINITY): Promise<StoredArtifact> {
  return hashStream(createReadStream(file, { highWaterMark: 2 ** 20 }), maxBytes);
}

/** Hash and size of what a stream gives. @throws ArtifactError TOO_LARGE */
export async function hashStream(
  content: AsyncIterable<Uint8Array>,
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<StoredArtifact> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of content) {
    bytes += chunk.byteLength;
    assertSize(bytes, maxBytes);
    hash.update(chunk);
  }
  return { sha256: hash.digest("hex"), bytes };
}

/**
 * The same bytes, checked: the last chunk is held back until the hash is known, so that who reads damaged content
 * meets ArtifactError CORRUPT before it looks complete.
 *
 * @param damaged called first when the content does not have the hash
 */
export function verified(content: Readable, sha256: string, damaged: () => Promise<unknown>): Readable {
  const hash = createHash("sha256");
  let held: Buffer | undefined;
  const checked = new Transform({
    readableHighWaterMark: content.readableHighWaterMark,
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, held);
      held = chunk;
    },
    flush(done) {
      if (hash.digest("hex") === sha256) done(null, held);
      else
        damaged().then(
          () => done(corrupt(sha256)),
          (error: Error) => done(error),
        );
    },
  });
  // An error on either side ends both; whoever reads sees it.
  return pipeline(content, checked, () => undefined);
}

/** @throws ArtifactError HASH_MISMATCH when the content is not what the sender promised */
export function assertPromised(stored: StoredArtifact, promised: string | undefined): void {
  if (promised !== undefined && stored.sha256 !== promised) {
    throw new ArtifactError(
      "HASH_MISMATCH",
      `The content's sha256 is ${stored.sha256}, not ${promised}: it was damaged or changed on the way. Send it again.`,
    );
  }
}

/** @throws ArtifactError TOO_LARGE */
export function assertSize(bytes: number, maxBytes: number): void {
  if (bytes > maxBytes) throw new ArtifactError("TOO_LARGE", `The content is larger than ${maxBytes} bytes`);
}

/** Nobody writes to a file for a day without touching it. */
const leftAfter = 24 * 60 * 60 * 1000;

/** Removes files that were left in a folder of unfinished ones. @returns how many */
export async function removeLeftFiles(folder: string): Promise<number> {
  let removed = 0;
  for (const name of await readdir(folder).catch(() => [])) {
    const file = path.join(folder, name);
    const info = await stat(file).catch(() => null);
    if (!info || Date.now() - info.mtimeMs < leftAfter) continue;
    await rm(file, { force: true });
    removed++;
  }
  return removed;
}
