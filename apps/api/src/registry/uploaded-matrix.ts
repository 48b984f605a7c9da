import { createReadStream, writeSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import path from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type ArtifactStore, scratchDirectory, withScratchFolder } from "@faultline/db";
import { type ByteSource, type MatrixFile, npyHeader, openMatrixFile, rowBlocks } from "@faultline/inference";
import type { Context } from "../context.ts";
import { ValidationError } from "../errors.ts";
import { checked, requireArtifact, storeArtifact } from "./artifacts.ts";

interface ExpectedShape {
  rows: number;
  /** What the rows are, for messages. */
  rowsAre: string;
  /** Null: any width. */
  columns: number | null;
  columnsAre: string;
  /** Row of the upload that becomes each stored row; the upload's own order when left out. */
  order?: ArrayLike<number>;
}

/** Runs of rows that are written before others have their turn. */
const RUNS_A_TURN = 4096;

/**
 * Reads an uploaded .npy, .npz or safetensors matrix, checks shape, type and that every value is finite, and
 * stores it again as the .npy of float32 that workers read. The shape is checked before any row is read or unpacked;
 * then rows pass through memory a megabyte at a time.
 *
 * @throws ValidationError, NotFoundError, ConflictError
 */
export async function readUploadedMatrix(
  context: Context,
  projectId: string,
  { sha256, arrayName }: { sha256: string; arrayName?: string | null },
  { rows, rowsAre, columns, columnsAre, order }: ExpectedShape,
): Promise<{ artifactSha256: string; rows: number; columns: number }> {
  const field = "input.sha256";
  await requireArtifact(context, projectId, sha256, field);
  const { artifactStore } = context;
  if ((await artifactStore.verify(sha256)) !== "SOUND")
    throw ValidationError.of(
      field,
      "The stored copy of this upload is damaged or lost. Send the file again.",
    );
  return checked({ array: field }, async () => {
    const file = await openMatrixFile(await storedBytes(artifactStore, sha256), {
      field: "array",
      name: arrayName ?? undefined,
    });
    try {
      if (file.rows !== rows)
        throw ValidationError.of(field, `The array has ${file.rows} rows; there are ${rows} ${rowsAre}.`);
      if (columns !== null && file.columns !== columns)
        throw ValidationError.of(
          field,
          `The array has ${file.columns} columns; it needs ${columns} ${columnsAre}.`,
        );
      const header = npyHeader("f4", [rows, file.columns]);
      const bytes = header.length + 4 * rows * file.columns;
      const store = (content: AsyncIterable<Uint8Array>) => storeArtifact(context, projectId, content, bytes);
      const stored = order ? await inOrder(file, header, order, store) : await store(npyOf(file, header));
      return { artifactSha256: stored.sha256, rows, columns: file.columns };
    } finally {
      await file.close();
    }
  });
}

/** A blob of the store, read in ranges. */
async function storedBytes(store: ArtifactStore, sha256: string): Promise<ByteSource> {
  const length = await store.size(sha256);
  return {
    length,
    read: (offset, bytes) =>
      offset >= length
        ? Promise.resolve(new Uint8Array(0))
        : store.readRange(sha256, offset, Math.min(bytes, length - offset)),
    close: async () => {},
  };
}

async function* npyOf(file: MatrixFile, header: Uint8Array): AsyncGenerator<Uint8Array> {
  yield header;
  for await (const { block } of rowBlocks(file)) yield bytesOf(block.data);
}

/** Puts the rows where they belong in a scratch file, since an upload is read forwards. */
function inOrder<T>(
  file: MatrixFile,
  header: Uint8Array,
  order: ArrayLike<number>,
  store: (content: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const place = new Uint32Array(order.length);
  for (let stored = 0; stored < order.length; stored++) place[order[stored]] = stored;
  return withScratchFolder(scratchDirectory(), async (folder) => {
    const target = path.join(folder, "matrix.npy");
    const handle = await open(target, "w");
    try {
      await handle.write(header);
      for await (const { start, block } of rowBlocks(file))
        await writeRows(
          handle,
          header.length,
          bytesOf(block.data),
          place.subarray(start, start + block.rows),
        );
    } finally {
      await handle.close();
    }
    return store(createReadStream(target, { highWaterMark: 2 ** 20 }));
  });
}

/** Writes rows to their places; neighbours that stay neighbours go together. */
async function writeRows(
  handle: FileHandle,
  offset: number,
  rows: Uint8Array,
  places: Uint32Array,
): Promise<void> {
  const rowBytes = rows.length / places.length;
  for (let first = 0, end = 1, runs = 1; first < places.length; first = end, end++, runs++) {
    while (end < places.length && places[end] === places[end - 1] + 1) end++;
    const run = rows.subarray(first * rowBytes, end * rowBytes);
    writeSync(handle.fd, run, 0, run.length, offset + places[first] * rowBytes);
    if (runs % RUNS_A_TURN === 0) await nextTurn();
  }
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
