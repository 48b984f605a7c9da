import { type Matrix, matrix } from "@faultline/core";
import type { ArtifactStore } from "@faultline/db";
import { z } from "zod";
import { RunFailure } from "../run/run-failure.ts";

/** Where a float32 matrix lies: rows×columns little-endian values from `offset` (bytes) of an artifact. */
export const storedMatrix = z.object({
  sha256: z.string(),
  offset: z.int(),
  rows: z.int(),
  columns: z.int(),
});
export type StoredMatrix = z.infer<typeof storedMatrix>;

/** Stores a matrix as bare float32 values, little-endian, row-major. */
export async function storeMatrix(
  store: ArtifactStore,
  { rows, columns, data }: Matrix,
): Promise<StoredMatrix> {
  const { sha256 } = await store.put(floatBytes(data));
  return { sha256, offset: 0, rows, columns };
}

/** The rows first..end-1 of a stored matrix. */
export function rowsOf({ sha256, offset, columns }: StoredMatrix, first: number, end: number): StoredMatrix {
  return { sha256, offset: offset + 4 * first * columns, rows: end - first, columns };
}

/**
 * Finds the values of a float32 matrix in an artifact: a `.npy` file (C order) or the bare values.
 *
 * @throws RunFailure when it is neither, or of another shape
 */
export async function locateMatrix(
  store: ArtifactStore,
  sha256: string,
  rows: number,
  columns: number,
): Promise<StoredMatrix> {
  const size = await store.size(sha256);
  const values = 4 * rows * columns;
  if (size === values) return { sha256, offset: 0, rows, columns };
  const head = size > values + 10 ? await store.readRange(sha256, 0, Math.min(size - values, 4096)) : null;
  const isNpy = head?.toString("latin1", 0, 6) === "\x93NUMPY" && size - values === head.length;
  const text = isNpy ? head.toString("latin1") : "";
  if (!/'descr': *'<f4'/.test(text) || !/'fortran_order': *False/.test(text))
    throw new RunFailure(`Artifact ${sha256} is no float32 matrix of ${rows}×${columns}: upload it again.`);
  return { sha256, offset: size - values, rows, columns };
}

export async function readMatrix(store: ArtifactStore, stored: StoredMatrix): Promise<Matrix> {
  const { sha256, offset, rows, columns } = stored;
  const bytes = await store.readRange(sha256, offset, 4 * rows * columns);
  return matrix(rows, columns, floats(bytes));
}

/** The values as bytes, without a copy. */
export function floatBytes(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function floats(bytes: Buffer): Float32Array {
  if (bytes.byteOffset % 4 === 0)
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  // A pooled buffer may begin anywhere; float32 arrays may not.
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
