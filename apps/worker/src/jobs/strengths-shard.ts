import {
  AlignmentQualityAccumulator,
  applyAlignment,
  ConceptFidelityAccumulator,
  energyScores,
  entropyScores,
  genScores,
  type Matrix,
  mspScores,
  oracleAnswers,
  row,
  selectRows,
  strengths,
  vlmDisagreementScores,
} from "@faultline/core";
import type { Task } from "graphile-worker";
import { z } from "zod";
import { type AlignedRun, readAlignedRun } from "../run/aligned-run.ts";
import { type DatasetPlan, datasetPlanOf, readPlan, readRoles } from "../run/plan.ts";
import { runJob, type WorkerContext } from "../run/run-job.ts";
import { finishShard, type Shard, shardResults, startStage, unfinishedShard } from "../run/run-state.ts";
import { storeColumns } from "../shards/columns.ts";
import { HeatmapTotals } from "../shards/heatmap-groups.ts";
import { readLabels } from "../shards/labels.ts";
import { ROLE } from "../shards/roles.ts";
import { readMatrix, storeMatrix } from "../shards/stored-matrix.ts";
import { type StrengthColumns, type StrengthShard, strengthShard } from "../shards/strength-shard.ts";
import { type EmbeddedShard, embeddedShard, shardJob } from "./embed-shard.ts";

/** What the STRENGTHS stage hands over, for one span of shards. */
export const strengthsSpan = z.object({
  shards: z.array(strengthShard),
  /** Columns: HeatmapTotals of the evaluated inputs and the clean counterparts. */
  heatmapsSha256: z.string(),
  /** Columns: encoded accumulators `evaluated`, `clean`, `heldOut` (alignment quality) and `fidelity`. */
  accumulatorsSha256: z.string(),
});

/**
 * Strengths of a(x) and of the VLM's image embeddings for a span of shards, with everything about an input
 * that needs no other input, and the span's heatmap counts.
 */
export function strengthsShard(context: WorkerContext): Task {
  return runJob("strengths-shard", shardJob, context, async (job, { database, artifactStore }, signal) => {
    const { pool } = database;
    const span = await unfinishedShard(pool, job.runId, "STRENGTHS", job.shard);
    if (!span) return;
    const plan = datasetPlanOf(await readPlan(pool, job), span.datasetId);
    const aligned = await readAlignedRun(context, job.runId);
    const embedded = (await shardResults(pool, job.runId, "EMBED", embeddedShard)).filter(
      (shard) =>
        shard.datasetId === span.datasetId &&
        shard.firstPosition >= span.firstPosition &&
        shard.endPosition <= span.endPosition,
    );
    const sums = new SpanSums(aligned);
    const shards: StrengthShard[] = [];
    for (const shard of embedded) {
      signal.throwIfAborted();
      shards.push(await computeShard(context, plan, aligned, shard, sums));
    }
    const result: z.infer<typeof strengthsSpan> = {
      shards,
      heatmapsSha256: await storeColumns(artifactStore, sums.heatmaps.encode()),
      accumulatorsSha256: await storeColumns(artifactStore, {
        evaluated: sums.evaluated.encode(),
        clean: sums.clean.encode(),
        heldOut: sums.heldOut.encode(),
        fidelity: sums.fidelity.encode(),
      }),
    };
    await finishShard(pool, job, "STRENGTHS", job.shard, result, (client) =>
      startStage(client, job, "REPORT", "report", [
        { datasetId: span.datasetId, firstPosition: 0, endPosition: 0, inputs: 1 },
      ]),
    );
  });
}

/** What is added up over the rows of a span. */
class SpanSums {
  readonly heatmaps: HeatmapTotals;
  readonly evaluated: AlignmentQualityAccumulator;
  readonly clean: AlignmentQualityAccumulator;
  readonly heldOut: AlignmentQualityAccumulator;
  readonly fidelity: ConceptFidelityAccumulator;

  constructor({ centre, phrases }: AlignedRun) {
    this.heatmaps = new HeatmapTotals(phrases.length);
    this.evaluated = new AlignmentQualityAccumulator(centre);
    this.clean = new AlignmentQualityAccumulator(centre);
    this.heldOut = new AlignmentQualityAccumulator(centre);
    this.fidelity = new ConceptFidelityAccumulator(phrases.length);
  }
}

async function computeShard(
  { database, artifactStore }: WorkerContext,
  plan: DatasetPlan,
  aligned: AlignedRun,
  shard: Shard & { result: EmbeddedShard },
  sums: SpanSums,
): Promise<StrengthShard> {
  const { result } = shard;
  const roles = await readRoles(artifactStore, plan, shard);
  const labels = await readLabels(database.pool, shard, plan.classNumbers);
  const unusable = new Set(result.quarantined.map(({ position }) => position));
  const rowsWith = (wanted: number) => {
    const found: number[] = [];
    for (const [i, bits] of roles.entries()) if (bits & wanted && !unusable.has(i)) found.push(i);
    return found;
  };
  const allEmbeddings = await readMatrix(artifactStore, result.embedding);
  const allImageEmbeddings = await readMatrix(artifactStore, result.imageEmbedding);

  const heldOut = rowsWith(ROLE.HELD_OUT);
  sums.heldOut.add(
    applyAlignment(aligned.alignment, selectRows(allEmbeddings, heldOut)),
    selectRows(allImageEmbeddings, heldOut),
  );

  const rows = rowsWith(ROLE.EVALUATED | ROLE.CALIBRATION | ROLE.COUNTERPART);
  const mapped = applyAlignment(aligned.alignment, selectRows(allEmbeddings, rows));
  const imageEmbeddings = selectRows(allImageEmbeddings, rows);
  const logits = selectRows(await readMatrix(artifactStore, result.logits), rows);
  const own = strengths(mapped, aligned.conceptVectors);
  const vlm = strengths(imageEmbeddings, aligned.conceptVectors);
  const columns = columnsOf(
    Int32Array.from(rows, (i) => shard.firstPosition + i),
    Uint8Array.from(rows, (i) => roles[i]),
    Int32Array.from(rows, (i) => labels[i]),
    logits,
    strengths(mapped, aligned.classVectors),
    strengths(imageEmbeddings, aligned.classVectors),
  );

  const withRole = (role: number) => Array.from(rows.keys()).filter((i) => columns.role[i] & role);
  const evaluated = withRole(ROLE.EVALUATED);
  const counterparts = withRole(ROLE.COUNTERPART);
  sums.evaluated.add(selectRows(mapped, evaluated), selectRows(imageEmbeddings, evaluated));
  sums.clean.add(selectRows(mapped, counterparts), selectRows(imageEmbeddings, counterparts));
  sums.fidelity.add(selectRows(own, evaluated), selectRows(vlm, evaluated));
  countGroups(sums.heatmaps, own, columns, evaluated, counterparts);

  const [ownStored, vlmStored, columnsSha256] = await Promise.all([
    storeMatrix(artifactStore, own),
    storeMatrix(artifactStore, vlm),
    storeColumns(artifactStore, columns),
  ]);
  return {
    datasetId: shard.datasetId,
    rows: rows.length,
    strengths: ownStored,
    vlmStrengths: vlmStored,
    columnsSha256,
  };
}

function columnsOf(
  position: Int32Array,
  role: Uint8Array,
  label: Int32Array,
  logits: Matrix,
  oracleScores: Matrix,
  vlmScores: Matrix,
): StrengthColumns {
  const predicted = argMax(logits);
  const msp = mspScores(logits);
  // The oracle needs a truth to answer about; answers without one are blanked below.
  const asked = label.map((value) => Math.max(0, value));
  const answersOf = (scores: Matrix) => {
    const { classes, margins } = oracleAnswers(scores, asked);
    return {
      classes: classes.map((answer, i) => (label[i] < 0 ? -1 : answer)),
      margins: margins.map((margin, i) => (label[i] < 0 ? Number.NaN : margin)),
    };
  };
  const oracle = answersOf(oracleScores);
  const vlm = answersOf(vlmScores);
  return {
    position,
    role,
    label,
    predicted,
    confidence: Float32Array.from(msp, (score) => 1 - score),
    oracleClass: argMax(oracleScores),
    vlmClass: argMax(vlmScores),
    oracleAnswer: oracle.classes,
    vlmAnswer: vlm.classes,
    oracleMargin: oracle.margins,
    vlmMargin: vlm.margins,
    msp,
    entropy: entropyScores(logits),
    gen: genScores(logits),
    energy: energyScores(logits),
    vlmDisagreement: vlmDisagreementScores(oracleScores, predicted),
  };
}

/** The column with the largest value of each row, the first among equals. */
function argMax(scores: Matrix): Int32Array {
  return Int32Array.from({ length: scores.rows }, (_, i) => {
    const values = row(scores, i);
    let best = 0;
    for (let k = 1; k < values.length; k++) if (values[k] > values[best]) best = k;
    return best;
  });
}

function countGroups(
  heatmaps: HeatmapTotals,
  own: Matrix,
  { label, predicted }: StrengthColumns,
  evaluated: readonly number[],
  counterparts: readonly number[],
): void {
  const count = (
    group: Parameters<HeatmapTotals["add"]>[0],
    rows: readonly number[],
    classOf: Int32Array,
    belongs: (i: number) => boolean,
  ) => {
    const byClass = new Map<number, number[]>();
    for (const i of rows) {
      if (!belongs(i)) continue;
      const members = byClass.get(classOf[i]) ?? [];
      members.push(i);
      byClass.set(classOf[i], members);
    }
    for (const [classNumber, members] of byClass) heatmaps.add(group, classNumber, own, members);
  };
  const labelled = (i: number) => label[i] >= 0;
  const correct = (i: number) => label[i] === predicted[i];
  const incorrect = (i: number) => labelled(i) && !correct(i);
  count("correct", evaluated, label, correct);
  count("incorrectByLabel", evaluated, label, incorrect);
  count("incorrectByPredicted", evaluated, predicted, incorrect);
  count("unlabelledByPredicted", evaluated, predicted, (i) => !labelled(i));
  count("cleanByLabel", counterparts, label, labelled);
  count("cleanByPredicted", counterparts, predicted, () => true);
}
