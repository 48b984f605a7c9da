import type { ArtifactStore } from "@faultline/db";
import type { StoredMatrix } from "@faultline/run";
import { RunFailure } from "../queue/run-failure.ts";

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
