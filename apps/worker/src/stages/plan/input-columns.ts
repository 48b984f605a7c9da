import type { Split } from "@faultline/db";
import type pg from "pg";
import type { InputColumns } from "./roles.ts";

/** A dataset's columns; read in pieces, and as text, so that a million inputs do not become a million objects. */
export async function readInputColumns(
  pool: pg.Pool,
  datasetId: string,
): Promise<InputColumns & { content: Uint32Array }> {
  const step = 100_000;
  const splits: Split[] = [];
  const cleanPositions: number[] = [];
  const content: number[] = [];
  let complete = true;
  for (let read = step; read === step; ) {
    const { rows } = await pool.query<{ splits: string | null; cleans: string; contents: string }>(
      `SELECT string_agg(input.split::text, ',' ORDER BY input.position) AS splits,
         string_agg(coalesce(clean.position, -1)::text, ',' ORDER BY input.position) AS cleans,
         string_agg(coalesce(left(input.image_sha256, 8), ''), ',' ORDER BY input.position) AS contents
       FROM input LEFT JOIN input clean ON clean.id = input.clean_input_id
       WHERE input.dataset_id = $1 AND input.position >= $2 AND input.position < $2 + $3::int`,
      [datasetId, splits.length, step],
    );
    const [{ splits: found, cleans, contents }] = rows;
    if (found === null) break;
    const part = found.split(",") as Split[];
    read = part.length;
    for (const split of part) splits.push(split);
    for (const position of cleans.split(",")) cleanPositions.push(Number(position));
    for (const hash of contents.split(",")) {
      if (hash === "") complete = false;
      else content.push(Number.parseInt(hash, 16));
    }
  }
  return {
    splits,
    cleanPositions: Int32Array.from(cleanPositions),
    content: Uint32Array.from(complete ? content : []),
  };
}
