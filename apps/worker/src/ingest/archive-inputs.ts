import { createReadStream, createWriteStream } from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import type { ArtifactStore, InputRow } from "@faultline/db";
import { readDatasetArchive } from "@faultline/inference";
import { labelsOf, splitOf } from "./classification.ts";
import { boundedLines } from "./lines.ts";
import { MAX_LINE_BYTES } from "./manifest.ts";

/** Pictures that are stored at once: writes wait for the disk, and many small ones should not queue up. */
const PENDING_PICTURES = 16;
/** Bytes that pictures on their way to the store may hold together, beside the last of them. */
const PENDING_BYTES = 32 * 2 ** 20;
/** Rows that are gathered before they are written. */
const BLOCK_ROWS = 1000;

/**
 * Stores the pictures of an ImageFolder archive and gives an input for each, in any order; a picture that is damaged
 * is found out when a run embeds it. Inputs wait in a file below `folder` until the whole archive was read: a million
 * of them would take hundreds of megabytes of memory.
 *
 * @throws InvalidArchiveError, DatasetFailure
 */
export async function storeArchive(
  store: ArtifactStore,
  dataset: ArchiveDataset,
  archiveSha256: string,
  folder: string,
  signal: AbortSignal,
): Promise<AsyncIterable<InputRow>> {
  const archive = path.join(folder, "archive");
  await pipeline(await store.stream(archiveSha256), createWriteStream(archive), { signal });
  const inputs = path.join(folder, "inputs.jsonl");
  await storePictures(store, dataset, archive, inputs, signal);
  return writtenInputs(inputs);
}

interface ArchiveDataset {
  readonly classes: readonly string[];
  readonly cleanDatasetId: string | null;
}

async function* writtenInputs(file: string): AsyncGenerator<InputRow, void, undefined> {
  // Not by readline: it ends lines at U+2028 as well, which a path may hold.
  for await (const line of boundedLines(createReadStream(file), MAX_LINE_BYTES))
    yield JSON.parse(line) as InputRow;
}

async function storePictures(
  store: ArtifactStore,
  { classes, cleanDatasetId }: ArchiveDataset,
  archive: string,
  inputs: string,
  signal: AbortSignal,
): Promise<void> {
  const labelOf = labelsOf(classes);
  const file = await open(inputs, "w");
  try {
    const pending = new Set<Promise<void>>();
    let pendingBytes = 0;
    let rows: string[] = [];
    for await (const image of readDatasetArchive(archive)) {
      signal.throwIfAborted();
      const input: InputRow = {
        externalId: image.id,
        split: splitOf(image.split, image.path),
        label: labelOf(image.className, image.path),
        // An attacked picture lies where its original lies in the clean archive.
        cleanExternalId: cleanDatasetId === null ? null : image.id,
      };
      const { length } = image.bytes;
      pendingBytes += length;
      const storing = store.put(image.bytes).then(({ sha256 }) => {
        rows.push(`${JSON.stringify({ ...input, imageSha256: sha256 })}\n`);
        pendingBytes -= length;
        pending.delete(storing);
      });
      storing.catch(() => undefined);
      pending.add(storing);
      while (pending.size >= PENDING_PICTURES || pendingBytes > PENDING_BYTES) await Promise.race(pending);
      if (rows.length < BLOCK_ROWS) continue;
      const block = rows.join("");
      rows = [];
      await file.write(block);
    }
    await Promise.all(pending);
    await file.write(rows.join(""));
  } finally {
    await file.close();
  }
}
