import { type Matrix, matrix } from "@faultline/core";
import { z } from "zod";
import type { Artifacts } from "./artifacts.ts";

/** Where a float32 matrix lies: rows×columns little-endian values from `offset` (bytes) of an artifact. */
export const storedMatrix = z.object({
  sha256: z.string(),
  offset: z.int(),
  rows: z.int(),
  columns: z.int(),
});
export type StoredMatrix = z.infer<typeof storedMatrix>;

/** Stores a matrix as bare float32 values, little-endian, row-major. */
export async function storeMatrix(store: Artifacts, { rows, columns, data }: Matrix): Promise<StoredMatrix> {
  const { sha256 } = await store.put(floatBytes(data));
  return { sha256, offset: 0, rows, columns };
}

/** The rows first..end-1 of a stored matrix. */
export function rowsOf({ sha256, offset, columns }: StoredMatrix, first: number, end: number): StoredMatrix {
  return { sha256, offset: offset + 4 * first * columns, rows: end - first, columns };
}

/** @returns rows×columns */
export async function readMatrix(store: Artifacts, stored: StoredMatrix): Promise<Matrix> {
  const { sha256, offset, rows, columns } = stored;
  const bytes = await store.readRange(sha256, offset, 4 * rows * columns);
  return matrix(rows, columns, floats(bytes));
}

/** The values as bytes, without a copy. */
export function floatBytes(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Bytes as float32 values, little-endian; without a copy where their start suits. */
export function floats(bytes: Buffer): Float32Array {
  if (bytes.byteOffset % 4 === 0)
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  // A pooled buffer may begin anywhere; float32 arrays may not.
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
