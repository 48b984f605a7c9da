import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { ArtifactError, type StoredArtifact } from "./artifact-store.ts";

/** Writes content to a new file, durably, hashing on the way. @throws ArtifactError TOO_LARGE */
export async function spool(
  content: Uint8Array | AsyncIterable<Uint8Array>,
  file: string,
  maxBytes: number,
): Promise<StoredArtifact> {
  const hash = createHash("sha256");
  const handle = await open(file, "wx");
  let bytes = 0;
  try {
    for await (const chunk of content instanceof Uint8Array ? [content] : content) {
      bytes += chunk.byteLength;
      assertSize(bytes, maxBytes);
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

/** Hash and size of a file. @throws ArtifactError TOO_LARGE */
export async function hashFile(file: string, maxBytes: number): Promise<StoredArtifact> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    assertSize(bytes, maxBytes);
    hash.update(chunk);
  }
  return { sha256: hash.digest("hex"), bytes };
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
