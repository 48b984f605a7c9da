import type { Database, Run } from "@faultline/db";

/** Every column of the table run as `r`, as Prisma names them. */
export const runColumns = `r.id, r.project_id AS "projectId", r.name, r.model_version_id AS "modelVersionId",
  r.vision_language_model_id AS "visionLanguageModelId", r.concept_set_id AS "conceptSetId",
  r.dataset_id AS "datasetId", r.configuration, r.seed, r.status, r.stage, r.attempt, r.error,
  r.created_at AS "createdAt", r.started_at AS "startedAt", r.finished_at AS "finishedAt",
  r.cancel_requested_at AS "cancelRequestedAt"`;

/**
 * Runs in the order of their ids; an Error where there is none. Plain SQL, because every verdict can be asked for
 * its run.
 */
export async function runsById(
  ids: readonly string[],
  { pool }: Pick<Database, "pool">,
): Promise<(Run | Error)[]> {
  const { rows } = await pool.query<Run>({
    name: "runs-by-id",
    text: `SELECT ${runColumns} FROM run r WHERE r.id = ANY ($1::uuid[])`,
    values: [ids],
  });
  const found = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => found.get(id) ?? new Error(`There is no run ${id}`));
}
