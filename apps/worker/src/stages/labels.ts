import type pg from "pg";
import type { Shard } from "../queue/run-state.ts";

/**
 * The labels of a shard's inputs as class numbers of the model, in order of position; -1 where unlabelled.
 *
 * @param classNumbers the model's number of each class of the dataset
 */
export async function readLabels(
  pool: pg.Pool,
  { datasetId, firstPosition, endPosition }: Shard,
  classNumbers: readonly number[],
): Promise<Int32Array> {
  const { rows } = await pool.query<{ label: number | null }>({
    name: "shard-labels",
    text: "SELECT label FROM input WHERE dataset_id = $1 AND position >= $2 AND position < $3 ORDER BY position",
    values: [datasetId, firstPosition, endPosition],
  });
  return Int32Array.from(rows, ({ label }) => (label === null ? -1 : classNumbers[label]));
}
