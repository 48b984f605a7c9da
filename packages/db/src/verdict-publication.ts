import type { Pool, PoolClient } from "pg";
import pg from "pg";
import { type CopyEncoder, copyRows, encodeField, uuidBytes } from "./copy-encoder.ts";
import { Fault, type RunStatus, VerdictKind } from "./generated/enums.ts";
import { notifyRun } from "./notifications.ts";

/** One row of the table verdict, without its run. */
export interface VerdictRow {
  inputId: number | bigint;
  /** Row of the report's strengths artifacts, from 0. */
  position: number;
  externalId: string;
  /** Index of the true class; null when unlabelled. */
  label: number | null;
  predictedClass: number;
  oracleClass: number;
  /** Maximum softmax probability, in [0, 1]. */
  confidence: number;
  verdict: VerdictKind;
  score: number;
  threshold: number;
  misclassified: boolean | null;
  fault: Fault | null;
  /** Axis indices of the concepts that spoke most, strongest first. */
  concepts: ArrayLike<number>;
}

export interface VerdictPublication {
  runId: string;
  /** The attempt that computed these verdicts; an older one than the run's is refused. */
  attempt: number;
  /** In any order; an iterable may reuse one object for all rows. */
  verdicts: Iterable<VerdictRow> | AsyncIterable<VerdictRow>;
  /** Runs in the same transaction, before the run is marked as succeeded: the place to write its report. */
  alongside?: (client: PoolClient) => Promise<void>;
}

export type PublicationErrorCode = "RUN_NOT_FOUND" | "STALE_ATTEMPT" | "CANCELLED" | "ALREADY_ENDED";

/** The run may not receive these verdicts; nothing was written. */
export class PublicationError extends Error {
  override readonly name = "PublicationError";
  constructor(
    readonly code: PublicationErrorCode,
    readonly runId: string,
    message: string,
  ) {
    super(message);
  }
}

const columns =
  "run_id, input_id, position, external_id, label, predicted_class, oracle_class, confidence, verdict, score, " +
  "threshold, misclassified, fault, concepts";

/**
 * Publishes all verdicts of a run at once: they are copied into a table of their own, indexed, and attached as
 * the run's partition in the one transaction that marks the run as succeeded. Readers see all of them or none;
 * a killed process leaves nothing behind. An earlier attempt's partition is dropped in the same moment.
 *
 * Idempotent: publishing an attempt that has already succeeded changes nothing.
 *
 * @returns the number of verdicts written; null when this attempt had been published before
 * @throws PublicationError
 */
export async function publishVerdicts(pool: Pool, publication: VerdictPublication): Promise<number | null> {
  const { runId, attempt } = publication;
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query("BEGIN");
    if (await isPublished(client, publication, "")) {
      await client.query("ROLLBACK");
      return null;
    }
    const partition = verdictPartition(runId, attempt);
    const run = pg.escapeLiteral(runId);
    await client.query(
      `CREATE TABLE ${partition} (LIKE verdict INCLUDING DEFAULTS INCLUDING CONSTRAINTS, CHECK (run_id = ${run}))`,
    );
    // FREEZE: no reader can see the table yet, so its rows need no vacuum later.
    const count = await copyRows(
      client,
      `COPY ${partition} (${columns}) FROM STDIN (FORMAT binary, FREEZE)`,
      publication.verdicts,
      verdictEncoder(runId),
    );
    await createIndexes(client, partition);
    await client.query(`ANALYZE ${partition}`);

    // Only now, so that a cancellation never waits for the copy.
    if (await isPublished(client, publication, "FOR UPDATE")) {
      await client.query("ROLLBACK");
      return null;
    }
    await dropOtherPartitions(client, runId);
    await client.query(`ALTER TABLE verdict ATTACH PARTITION ${partition} FOR VALUES IN (${run})`);
    await publication.alongside?.(client);
    // Not now(), which is the time before the copy.
    await client.query(
      `UPDATE run SET status = 'SUCCEEDED', finished_at = clock_timestamp(), error = NULL WHERE id = $1`,
      [runId],
    );
    await notifyRun(client, runId);
    await client.query("COMMIT");
    return count;
  } catch (error) {
    await client.query("ROLLBACK").catch((failure: Error) => {
      broken = failure;
    });
    // Another process published the same attempt while we waited for the table's name.
    if (isDuplicateTable(error) && (await isPublished(pool, publication, ""))) return null;
    throw error;
  } finally {
    client.release(broken);
  }
}

async function isPublished(
  client: Pool | PoolClient,
  { runId, attempt }: VerdictPublication,
  lock: "" | "FOR UPDATE",
): Promise<boolean> {
  const { rows } = await client.query<{ status: RunStatus; attempt: number; cancelled: boolean }>(
    `SELECT status, attempt, cancel_requested_at IS NOT NULL AS cancelled FROM run WHERE id = $1 ${lock}`,
    [runId],
  );
  const run = rows[0];
  if (!run) throw new PublicationError("RUN_NOT_FOUND", runId, `Run ${runId} does not exist`);
  if (run.attempt !== attempt) {
    throw new PublicationError(
      "STALE_ATTEMPT",
      runId,
      `These verdicts are of attempt ${attempt} of run ${runId}, which is at attempt ${run.attempt} now`,
    );
  }
  if (run.status === "SUCCEEDED") return true;
  if (run.cancelled || run.status === "CANCELLED") {
    throw new PublicationError("CANCELLED", runId, `Run ${runId} was cancelled`);
  }
  if (run.status === "FAILED") {
    throw new PublicationError(
      "ALREADY_ENDED",
      runId,
      `Run ${runId} has failed; retry it to begin a new attempt`,
    );
  }
  return false;
}

/**
 * The table, as SQL names it, that holds the verdicts of a run that succeeded at this attempt. A statement on it is
 * planned without a look at the partitions of other runs.
 */
export function verdictPartition(runId: string, attempt: number): string {
  return `verdict_partition.${pg.escapeIdentifier(`${runId}_${attempt}`)}`;
}

/** The parent's indexes, built before attaching: attaching then holds its lock for a moment only. */
async function createIndexes(client: PoolClient, partition: string): Promise<void> {
  await client.query(`ALTER TABLE ${partition} ADD PRIMARY KEY (run_id, input_id)`);
  const { rows } = await client.query<{ definition: string }>(
    `SELECT pg_get_indexdef(indexrelid) AS definition FROM pg_index
     WHERE indrelid = 'verdict'::regclass AND NOT indisprimary ORDER BY indexrelid`,
  );
  for (const { definition } of rows) {
    // CREATE [UNIQUE] INDEX name ON ONLY public.verdict USING …
    await client.query(definition.replace(/ INDEX .*? USING /, ` INDEX ON ${partition} USING `));
  }
}

async function dropOtherPartitions(client: PoolClient, runId: string): Promise<void> {
  const { rows } = await client.query<{ partition: string }>(
    `SELECT inhrelid::regclass::text AS partition FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
     WHERE inhparent = 'verdict'::regclass AND starts_with(relname, $1)`,
    [runId],
  );
  for (const { partition } of rows) await client.query(`DROP TABLE ${partition}`);
}

function verdictEncoder(runId: string): (encoder: CopyEncoder, row: VerdictRow) => void {
  const run = encodeField(uuidBytes(runId));
  const verdicts = encodeLabels(VerdictKind);
  const faults = encodeLabels(Fault);
  return (encoder, row) => {
    encoder.row(14);
    encoder.field(run);
    encoder.int64(row.inputId);
    encoder.int32(row.position);
    encoder.text(row.externalId);
    encoder.int32(row.label);
    encoder.int32(row.predictedClass);
    encoder.int32(row.oracleClass);
    encoder.float32(row.confidence);
    encoder.field(verdicts[row.verdict]);
    encoder.float64(row.score);
    encoder.float64(row.threshold);
    encoder.boolean(row.misclassified);
    if (row.fault === null) encoder.null();
    else encoder.field(faults[row.fault]);
    encoder.int16Array(row.concepts);
  };
}

function encodeLabels<Label extends string>(labels: Record<Label, Label>): Record<Label, Uint8Array> {
  const names = Object.values<Label>(labels);
  return Object.fromEntries(names.map((name) => [name, encodeField(name)])) as Record<Label, Uint8Array>;
}

function isDuplicateTable(error: unknown): boolean {
  const code = error instanceof pg.DatabaseError ? error.code : undefined;
  // 42P07 by name; 23505 when both inserted into the catalog at the same time.
  return code === "42P07" || code === "23505";
}
