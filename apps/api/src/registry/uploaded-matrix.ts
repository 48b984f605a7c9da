import { type Matrix, selectRows } from "@faultline/core";
import { encodeNpy, readMatrix } from "@faultline/inference";
import type { Context } from "../context.ts";
import { ValidationError } from "../errors.ts";
import { checked, readArtifact, storeArtifact } from "./artifacts.ts";

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

/**
 * Reads an uploaded .npy, .npz or safetensors matrix, checks shape, type and that every value is finite, and
 * stores it again as the .npy of float32 that workers read.
 *
 * @throws ValidationError, NotFoundError
 */
export async function readUploadedMatrix(
  context: Context,
  projectId: string,
  { sha256, arrayName }: { sha256: string; arrayName?: string | null },
  { rows, rowsAre, columns, columnsAre, order }: ExpectedShape,
): Promise<{ artifactSha256: string; rows: number; columns: number }> {
  const field = "input.sha256";
  const bytes = await readArtifact(context, projectId, sha256, field);
  const uploaded: Matrix = await checked({ array: field }, () =>
    readMatrix(bytes, { field: "array", name: arrayName ?? undefined }),
  );
  if (uploaded.rows !== rows)
    throw ValidationError.of(field, `The array has ${uploaded.rows} rows; there are ${rows} ${rowsAre}.`);
  if (columns !== null && uploaded.columns !== columns)
    throw ValidationError.of(
      field,
      `The array has ${uploaded.columns} columns; it needs ${columns} ${columnsAre}.`,
    );
  const stored = await storeArtifact(
    context,
    projectId,
    encodeNpy(order ? selectRows(uploaded, order) : uploaded),
  );
  return { artifactSha256: stored.sha256, rows, columns: uploaded.columns };
}
