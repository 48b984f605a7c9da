import type { Pool, PoolClient } from "pg";
import type { StoredArtifact } from "./artifact-store.ts";

/** Records that the store holds a blob, and that the project may refer to it. Call it after the blob was put. */
export async function ownArtifact(
  client: Pool | PoolClient,
  projectId: string,
  { sha256, bytes }: StoredArtifact,
): Promise<void> {
  await client.query(
    `WITH known AS (INSERT INTO artifact (sha256, bytes) VALUES ($2, $3)
       ON CONFLICT (sha256) DO UPDATE SET bytes = excluded.bytes RETURNING sha256)
     INSERT INTO project_artifact (project_id, sha256) SELECT $1, sha256 FROM known
     ON CONFLICT (project_id, sha256) DO NOTHING`,
    [projectId, sha256, bytes],
  );
}
