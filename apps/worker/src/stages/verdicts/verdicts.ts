import { VERDICT_CONCEPTS } from "@faultline/core";
import { PublicationError, publishVerdicts, type VerdictRow } from "@faultline/db";
import { faultCodes, type RunResult, readColumns, stages, type VerdictColumns } from "@faultline/run";
import type { Task } from "graphile-worker";
import type pg from "pg";
import { RunEnded } from "../../queue/run-failure.ts";
import { runJob, type WorkerContext } from "../../queue/run-job.ts";
import { handedOver, handedOverShards, type RunReference, unfinishedShard } from "../../queue/run-state.ts";
import { stageJobPayload } from "../../queue/stage-job.ts";
import { loadRunSubject } from "../run-subject.ts";

/** Publishes a run: report, heatmaps, metrics and verdicts appear in one transaction with its success. */
export function verdicts(context: WorkerContext): Task {
  return runJob(
    stages.VERDICTS.job,
    stageJobPayload,
    context,
    async (job, { database, artifactStore }, signal) => {
      const { pool } = database;
      await unfinishedShard(pool, job.runId, "VERDICTS", job.shard);
      const { run } = await loadRunSubject(database, job);
      const reported = await handedOver(pool, job.runId, "REPORT");
      if (!reported) throw new RunEnded();
      const { resultSha256 } = reported;
      const result = JSON.parse((await artifactStore.read(resultSha256)).toString("utf8")) as RunResult;
      const columns = await readColumns<VerdictColumns>(artifactStore, result.verdictsSha256);
      const heatmaps = await readColumns<Record<string, Uint8Array>>(artifactStore, result.heatmapsSha256);
      try {
        await publishVerdicts(pool, {
          ...job,
          verdicts: verdictRows(pool, run.datasetId, columns, signal),
          alongside: async (client) => {
            await writeQuarantined(pool, client, job);
            await writeReport(client, job, result, heatmaps, resultSha256);
            await client.query(
              `UPDATE run_progress SET done = total, finished_at = clock_timestamp() WHERE run_id = $1 AND stage = 'VERDICTS'`,
              [job.runId],
            );
          },
        });
      } catch (error) {
        if (error instanceof PublicationError) throw new RunEnded();
        throw error;
      }
    },
  );
}

/** How many inputs are looked up at a time. */
const step = 10_000;

/** The verdicts in order of rows; their inputs' ids are looked up by position. */
async function* verdictRows(
  pool: pg.Pool,
  datasetId: string,
  columns: VerdictColumns,
  signal: AbortSignal,
): AsyncGenerator<VerdictRow, void, undefined> {
  for (let from = 0; from < columns.position.length; from += step) {
    signal.throwIfAborted();
    const positions = columns.position.subarray(from, from + step);
    const { rows: inputs } = await pool.query<{ id: string; externalId: string }>(
      `SELECT input.id, input.external_id AS "externalId"
       FROM unnest($2::int[]) WITH ORDINALITY AS wanted (position, rank)
       JOIN input ON input.dataset_id = $1 AND input.position = wanted.position ORDER BY wanted.rank`,
      [datasetId, Array.from(positions)],
    );
    if (inputs.length !== positions.length)
      throw new Error(`dataset ${datasetId} has lost inputs since the run began`);
    for (const [k, { id, externalId }] of inputs.entries())
      yield verdictRow(columns, from + k, id, externalId);
  }
}

function verdictRow(columns: VerdictColumns, i: number, id: string, externalId: string): VerdictRow {
  const label = columns.label[i] < 0 ? null : columns.label[i];
  return {
    inputId: BigInt(id),
    position: i,
    externalId,
    label,
    predictedClass: columns.predicted[i],
    oracleClass: columns.oracleClass[i],
    confidence: columns.confidence[i],
    verdict: columns.defect[i] ? "DEFECT" : "OK",
    score: columns.score[i],
    threshold: columns.threshold[i],
    misclassified: label === null ? null : label !== columns.predicted[i],
    fault: faultCodes[columns.fault[i]] ?? null,
    concepts: columns.concepts
      .subarray(i * VERDICT_CONCEPTS, (i + 1) * VERDICT_CONCEPTS)
      .filter((concept) => concept >= 0),
  };
}

async function writeQuarantined(
  pool: pg.Pool,
  client: pg.PoolClient,
  { runId }: RunReference,
): Promise<void> {
  await client.query("DELETE FROM quarantined_input WHERE run_id = $1", [runId]);
  for (const shard of await handedOverShards(pool, runId, "EMBED")) {
    const { quarantined } = shard.handOver;
    if (quarantined.length === 0) continue;
    await client.query(
      `INSERT INTO quarantined_input (run_id, input_id, reason)
       SELECT $1, input.id, bad.reason
       FROM unnest($3::int[], $4::text[]) AS bad (position, reason)
       JOIN input ON input.dataset_id = $2 AND input.position = bad.position`,
      [
        runId,
        shard.datasetId,
        quarantined.map(({ position }) => shard.firstPosition + position),
        quarantined.map(({ reason }) => reason),
      ],
    );
  }
}

/** Replaces what an earlier attempt may have published. */
async function writeReport(
  client: pg.PoolClient,
  { runId }: RunReference,
  result: RunResult,
  heatmaps: Record<string, Uint8Array>,
  resultSha256: string,
): Promise<void> {
  for (const table of ["run_report", "class_report", "fault_pair", "detector_metric", "heatmap"])
    await client.query(`DELETE FROM ${table} WHERE run_id = $1`, [runId]);
  await insert(client, "run_report", runId, [{ ...result.report, resultSha256 }]);
  await insert(client, "class_report", runId, result.classReports);
  await insert(client, "fault_pair", runId, result.faultPairs);
  await insert(client, "detector_metric", runId, result.detectorMetrics);
  for (const batch of heatmapBatches(result.heatmaps, heatmaps))
    await insert(client, "heatmap", runId, batch);
}

/** Text of a statement that inserts heatmaps, about: small ones share a statement, large ones have their own. */
const heatmapBatchBytes = 2 ** 20;

function* heatmapBatches(
  heatmaps: RunResult["heatmaps"],
  columns: Record<string, Uint8Array>,
): Generator<object[]> {
  let batch: object[] = [];
  let bytes = 0;
  for (const heatmap of heatmaps) {
    const counts = Buffer.from(columns[`${heatmap.kind}/${heatmap.subset}/${heatmap.classIndex}`]);
    batch.push({ ...heatmap, counts: `\\x${counts.toString("hex")}` });
    bytes += 2 * counts.length;
    if (bytes < heatmapBatchBytes) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

/** Inserts rows whose keys are the table's columns in camel case. */
async function insert(
  client: pg.PoolClient,
  table: string,
  runId: string,
  rows: readonly object[],
): Promise<void> {
  const named = rows.map((row) => ({
    run_id: runId,
    ...Object.fromEntries(
      Object.entries(row).map(([key, value]) => [
        key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
        value as unknown,
      ]),
    ),
  }));
  const [first] = named;
  if (!first) return;
  const columns = Object.keys(first).map((name) => `"${name}"`);
  await client.query(
    `INSERT INTO ${table} (${columns.join(", ")})
     SELECT ${columns.join(", ")} FROM json_populate_recordset(NULL::${table}, $1::json)`,
    [JSON.stringify(named)],
  );
}
