import { type Matrix, matrix } from "@faultline/core";
import type { ArtifactStore } from "@faultline/db";
import { floats } from "@faultline/run";

/** The strengths artifact of a run: N×C float32, little-endian, row-major; row = place among the run's verdicts. */
export interface StoredStrengths {
  sha256: string;
  /** N. */
  inputs: number;
  /** C. */
  concepts: number;
}

/**
 * Rows first..first+count-1, read by byte range. The values are at the artifact's end (a .npy has a header
 * before them).
 */
export async function readStrengths(
  store: ArtifactStore,
  { sha256, inputs, concepts }: StoredStrengths,
  first: number,
  count: number,
): Promise<Matrix> {
  const rowBytes = 4 * concepts;
  const header = (await store.size(sha256)) - inputs * rowBytes;
  if (header < 0) throw new Error(`Artifact ${sha256} holds fewer than ${inputs}×${concepts} strengths`);
  const bytes = await store.readRange(sha256, header + first * rowBytes, count * rowBytes);
  return matrix(count, concepts, floats(bytes));
}

/** Rows a part when a whole matrix is passed through: about 4 MiB. */
export function partRows(concepts: number): number {
  return Math.max(1, Math.floor(2 ** 20 / concepts));
}
