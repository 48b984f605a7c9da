import type { Pool, PoolClient } from "pg";
import type { StoredArtifact } from "./artifact-store.ts";

/**
 * Records that the store holds a blob, and that the project may refer to it. Call it after the blob was put. Until the
 * sweep's grace period is over the project keeps it even where it names it nowhere.
 */
export async function ownArtifact(
  client: Pool | PoolClient,
  projectId: string,
  { sha256, bytes }: StoredArtifact,
): Promise<void> {
  // One statement: the sweep must not remove the first row before the second refers to it.
  await client.query(
    `WITH known AS (INSERT INTO artifact (sha256, bytes) VALUES ($2, $3)
       ON CONFLICT (sha256) DO UPDATE SET bytes = excluded.bytes RETURNING sha256)
     INSERT INTO project_artifact (project_id, sha256) SELECT $1, sha256 FROM known
     ON CONFLICT (project_id, sha256) DO UPDATE SET used_at = now()`,
    [projectId, sha256, bytes],
  );
}

/**
 * Those of the hashes that the project may refer to. Call it before each row that is to name one: it renews their grace
 * period, so that none of them is swept between this look and that row's commit.
 */
export async function claimArtifacts(
  client: Pool | PoolClient,
  projectId: string,
  hashes: readonly string[],
): Promise<Set<string>> {
  // Locked in one order, so that two that claim the same ones do not wait for each other.
  const { rows } = await client.query<{ sha256: string }>(
    `WITH claimed AS MATERIALIZED (
       SELECT sha256 FROM project_artifact WHERE project_id = $1 AND sha256 = ANY($2::char(64)[])
       ORDER BY sha256 FOR NO KEY UPDATE)
     UPDATE project_artifact owned SET used_at = now() FROM claimed
     WHERE owned.project_id = $1 AND owned.sha256 = claimed.sha256 RETURNING owned.sha256`,
    [projectId, [...new Set(hashes)]],
  );
  return new Set(rows.map(({ sha256 }) => sha256));
}
