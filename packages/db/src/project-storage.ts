import type pg from "pg";
import type { StoredArtifact } from "./artifact-store.ts";
import { ownArtifact } from "./project-artifacts.ts";

export interface StorageLimits {
  /** Bytes of artifacts and unfinished uploads of a project that has no quota of its own. */
  quotaBytes: number;
  /** Uploads of one project that may be unfinished at the same time. */
  unfinishedUploads: number;
  /** Bytes that the unfinished uploads of one project may come to, announced ones included. */
  unfinishedBytes: number;
}

/** 200 GiB; 64 unfinished uploads of 64 GiB together. */
export const defaultStorageLimits: StorageLimits = {
  quotaBytes: 200 * 2 ** 30,
  unfinishedUploads: 64,
  unfinishedBytes: 64 * 2 ** 30,
};

export interface StorageUsage {
  /** Of the artifacts that the project owns: its uploads, and what was derived from them at registration. */
  usedBytes: number;
  /** What unfinished uploads will come to. */
  reservedBytes: number;
  quotaBytes: number;
  unfinishedUploads: number;
}

export type StorageErrorCode = "QUOTA_EXCEEDED" | "TOO_MANY_UPLOADS";

/** The project has no room for more. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  constructor(
    readonly code: StorageErrorCode,
    message: string,
    readonly usage: StorageUsage,
  ) {
    super(message);
  }
}

/**
 * Accounts for the storage of projects. What is about to come is reserved before it comes, with the project's row
 * locked, so that uploads at the same time, to any process, cannot exceed the quota together.
 */
export class ProjectStorage {
  private readonly limits: StorageLimits;

  constructor(
    private readonly pool: pg.Pool,
    limits: Partial<StorageLimits> = {},
  ) {
    // Not by spreading: a limit that is undefined must not stand for none.
    this.limits = {
      quotaBytes: limits.quotaBytes ?? defaultStorageLimits.quotaBytes,
      unfinishedUploads: limits.unfinishedUploads ?? defaultStorageLimits.unfinishedUploads,
      unfinishedBytes: limits.unfinishedBytes ?? defaultStorageLimits.unfinishedBytes,
    };
  }

  /** @returns one for each project, in their order; zeros for one that is not there */
  async usage(projectIds: readonly string[]): Promise<StorageUsage[]> {
    const { rows } = await this.pool.query<UsageRow & { id: string }>(
      `SELECT wanted.id, ${usageColumns("wanted.id")}
       FROM unnest($1::uuid[]) AS wanted (id)`,
      [projectIds],
    );
    const byId = new Map(rows.map((row) => [row.id, this.usageOf(row)]));
    return projectIds.map((id) => byId.get(id) as StorageUsage);
  }

  /**
   * Reserves room for an unfinished upload, which may grow to the returned size.
   *
   * @param atLeast bytes of the whole upload, as far as is known
   * @param atMost bytes that are better still; what is free of them is granted
   * @throws StorageError
   */
  async reserve(projectId: string, sha256: string, atLeast: number, atMost = atLeast): Promise<number> {
    const held = await this.pool.query<{ bytes: string }>(
      `UPDATE unfinished_upload SET updated_at = now()
       WHERE project_id = $1 AND sha256 = $2 AND reserved_bytes >= $3 RETURNING reserved_bytes AS bytes`,
      [projectId, sha256, atLeast],
    );
    if (held.rows[0]) return Number(held.rows[0].bytes);
    return this.locked(projectId, async (client) => {
      const usage = await this.usageBut(client, projectId, sha256);
      const { unfinishedUploads, unfinishedBytes } = this.limits;
      if (usage.unfinishedUploads >= unfinishedUploads)
        throw new StorageError(
          "TOO_MANY_UPLOADS",
          `The project has ${usage.unfinishedUploads} unfinished uploads, and may have ${unfinishedUploads}. Finish them, or abandon them by DELETE /uploads/<sha256>; what is not continued is removed after a day.`,
          usage,
        );
      if (usage.reservedBytes + atLeast > unfinishedBytes)
        throw new StorageError(
          "TOO_MANY_UPLOADS",
          `The project's unfinished uploads come to ${usage.reservedBytes} bytes; with ${atLeast} more they would exceed ${unfinishedBytes}. Finish them first, or abandon them by DELETE /uploads/<sha256>.`,
          usage,
        );
      this.requireFit(usage, atLeast);
      const room = Math.min(
        usage.quotaBytes - usage.usedBytes - usage.reservedBytes,
        unfinishedBytes - usage.reservedBytes,
      );
      const granted = Math.max(atLeast, Math.min(atMost, room));
      await client.query(
        `INSERT INTO unfinished_upload (project_id, sha256, reserved_bytes) VALUES ($1, $2, $3)
         ON CONFLICT (project_id, sha256) DO UPDATE
           SET reserved_bytes = excluded.reserved_bytes, updated_at = now()`,
        [projectId, sha256, granted],
      );
      return granted;
    });
  }

  /** Gives back what was reserved for an upload. */
  async release(projectId: string, sha256: string): Promise<void> {
    await this.pool.query("DELETE FROM unfinished_upload WHERE project_id = $1 AND sha256 = $2", [
      projectId,
      sha256,
    ]);
  }

  /** Uploads whose last request began so many milliseconds ago or earlier. */
  async unfinishedSince(milliseconds: number): Promise<{ projectId: string; sha256: string }[]> {
    const { rows } = await this.pool.query<{ projectId: string; sha256: string }>(
      `SELECT project_id AS "projectId", sha256 FROM unfinished_upload
       WHERE updated_at <= now() - make_interval(secs => $1::float8 / 1000) ORDER BY updated_at LIMIT 10000`,
      [milliseconds],
    );
    return rows;
  }

  /**
   * Records that the store holds a blob and that the project may refer to it; what was reserved for it is settled.
   *
   * @throws StorageError when there is no room for it: nothing is recorded
   */
  async own(projectId: string, { sha256, bytes }: StoredArtifact): Promise<void> {
    await this.locked(projectId, async (client) => {
      // Finished uploads were let in when their room was reserved, whatever has become of the quota since.
      const settled = await client.query<{ bytes: string }>(
        `DELETE FROM unfinished_upload WHERE project_id = $1 AND sha256 = $2 RETURNING reserved_bytes AS bytes`,
        [projectId, sha256],
      );
      if (bytes > Number(settled.rows[0]?.bytes ?? 0))
        this.requireFit(await this.usageBut(client, projectId, sha256), bytes);
      await ownArtifact(client, projectId, { sha256, bytes });
    });
  }

  /** A look before something large is made; own() decides. @throws StorageError */
  async requireRoom(projectId: string, bytes: number): Promise<void> {
    const [usage] = await this.usage([projectId]);
    this.requireFit(usage, bytes);
  }

  private requireFit(usage: StorageUsage, bytes: number): void {
    const { usedBytes, reservedBytes, quotaBytes } = usage;
    if (usedBytes + reservedBytes + bytes <= quotaBytes) return;
    throw new StorageError(
      "QUOTA_EXCEEDED",
      `The project uses ${usedBytes} of its ${quotaBytes} bytes, unfinished uploads will use ${reservedBytes}, and ${bytes} more do not fit. Delete what is no longer needed, or ask an administrator for a larger quota.`,
      usage,
    );
  }

  /** What the project uses but for one blob, which counts once, however often it is uploaded. */
  private async usageBut(client: pg.PoolClient, projectId: string, sha256: string): Promise<StorageUsage> {
    const { rows } = await client.query<UsageRow>(`SELECT ${usageColumns("$1::uuid", "AND sha256 <> $2")}`, [
      projectId,
      sha256,
    ]);
    return this.usageOf(rows[0]);
  }

  private usageOf({ used, reserved, unfinished, quota }: UsageRow): StorageUsage {
    return {
      usedBytes: Number(used),
      reservedBytes: Number(reserved),
      quotaBytes: quota === null ? this.limits.quotaBytes : Number(quota),
      unfinishedUploads: unfinished,
    };
  }

  private async locked<T>(projectId: string, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    try {
      await client.query("BEGIN");
      await client.query("SELECT FROM project WHERE id = $1 FOR NO KEY UPDATE", [projectId]);
      const result = await work(client);
      await client.query("COMMIT");
      return result;
    } catch (error) {
      await client.query("ROLLBACK").catch(() => undefined);
      throw error;
    } finally {
      client.release();
    }
  }
}

interface UsageRow {
  used: string;
  reserved: string;
  unfinished: number;
  quota: string | null;
}

/** @param project SQL of its id; @param only a further condition on hashes */
function usageColumns(project: string, only = ""): string {
  return `(SELECT coalesce(sum(bytes), 0) FROM project_artifact JOIN artifact USING (sha256)
     WHERE project_id = ${project} ${only}) AS used,
    (SELECT coalesce(sum(reserved_bytes), 0) FROM unfinished_upload WHERE project_id = ${project} ${only}) AS reserved,
    (SELECT count(*)::int FROM unfinished_upload WHERE project_id = ${project} ${only}) AS unfinished,
    (SELECT quota_bytes FROM project WHERE id = ${project}) AS quota`;
}
