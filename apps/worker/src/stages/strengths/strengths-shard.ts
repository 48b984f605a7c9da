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
import {
  type DatasetPlan,
  datasetPlanOf,
  type EmbeddedShard,
  ROLE,
  readMatrix,
  type StrengthColumns,
  type StrengthShard,
  storeColumns,
  storeMatrix,
} from "@faultline/run";
import type { Task } from "graphile-worker";
import type { WorkerContext } from "../../queue/run-job.ts";
import { handedOverShards, type Shard } from "../../queue/run-state.ts";
import { shardJob } from "../../queue/stage-job.ts";
import { type AlignedRun, readAlignedRun } from "../align/aligned-run.ts";
import { readLabels } from "../labels.ts";
import { readPlan, readRoles } from "../plan/run-plan.ts";
import { HeatmapTotals } from "./heatmap-groups.ts";

/**
 * Strengths of a(x) and of the VLM's image embeddings for a span of shards, with everything about an input
 * that needs no other input, and the span's heatmap counts.
 */
export function strengthsShard(context: WorkerContext): Task {
  const { artifactStore, database } = context;
  const { pool } = database;
  return shardJob("STRENGTHS", context, async (job, span, signal) => {
    const plan = datasetPlanOf(await readPlan(pool, job), span.datasetId);
    const aligned = await readAlignedRun(context, job.runId);
    const embedded = (await handedOverShards(pool, job.runId, "EMBED")).filter(
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
    const handOver = {
      shards,
      heatmapsSha256: await storeColumns(artifactStore, sums.heatmaps.encode()),
      accumulatorsSha256: await storeColumns(artifactStore, {
        evaluated: sums.evaluated.encode(),
        clean: sums.clean.encode(),
        heldOut: sums.heldOut.encode(),
        fidelity: sums.fidelity.encode(),
      }),
    };
    return { handOver, next: { inputs: 1 } };
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
  shard: Shard & { handOver: EmbeddedShard },
  sums: SpanSums,
): Promise<StrengthShard> {
  const { handOver } = shard;
  const roles = await readRoles(artifactStore, plan, shard);
  const labels = await readLabels(database.pool, shard, plan.classNumbers);
  const unusable = new Set(handOver.quarantined.map(({ position }) => position));
  const rowsWith = (wanted: number) => {
    const found: number[] = [];
    for (const [i, bits] of roles.entries()) if (bits & wanted && !unusable.has(i)) found.push(i);
    return found;
  };
  const allEmbeddings = await readMatrix(artifactStore, handOver.embedding);
  const allImageEmbeddings = await readMatrix(artifactStore, handOver.imageEmbedding);

  const heldOut = rowsWith(ROLE.HELD_OUT);
  sums.heldOut.add(
    applyAlignment(aligned.alignment, selectRows(allEmbeddings, heldOut)),
    selectRows(allImageEmbeddings, heldOut),
  );

  const rows = rowsWith(ROLE.EVALUATED | ROLE.CALIBRATION | ROLE.COUNTERPART);
  const mapped = applyAlignment(aligned.alignment, selectRows(allEmbeddings, rows));
  const imageEmbeddings = selectRows(allImageEmbeddings, rows);
  const logits = selectRows(await readMatrix(artifactStore, handOver.logits), rows);
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
