import type { Run } from "@faultline/db";
import type { Context } from "../context.ts";

/**
 * Runs in the order of their ids; an Error where there is none. One statement of plain SQL, because every verdict
 * and report can be asked for its run.
 */
export async function runsById(ids: readonly string[], { pool }: Context): Promise<(Run | Error)[]> {
  const { rows } = await pool.query<Run>(
    `SELECT id, project_id AS "projectId", name, model_version_id AS "modelVersionId",
       vision_language_model_id AS "visionLanguageModelId", concept_set_id AS "conceptSetId",
       dataset_id AS "datasetId", configuration, seed, status, stage, attempt, error, created_at AS "createdAt",
       started_at AS "startedAt", finished_at AS "finishedAt", cancel_requested_at AS "cancelRequestedAt"
     FROM run WHERE id = ANY ($1::uuid[])`,
    [ids],
  );
  const found = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => found.get(id) ?? new Error(`There is no run ${id}`));
}
