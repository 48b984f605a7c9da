import { parentPort } from "node:worker_threads";
import { type NearestNeighboursModel, nearestNeighboursScores } from "./baselines.ts";
import { addPairCounts } from "./kernel/pair-counts.ts";
import type { Matrix } from "./matrix.ts";
import { type BootstrapOptions, bootstrapMetrics, type Ranking } from "./metrics.ts";

/** A share of the rows to count. All arrays lie in shared memory. */
export interface PairCountTask {
  readonly kind: "pair-counts";
  readonly concepts: number;
  readonly strengths: Float32Array;
  readonly rows: Uint32Array;
  /** C×C, zero; the counts are added here. */
  readonly counts: Uint32Array;
}

/** Answered by the intervals. */
export interface BootstrapTask {
  readonly kind: "bootstrap";
  readonly rankings: readonly Ranking[];
  readonly options: BootstrapOptions;
}

/** Answered by the scores. The model lies in shared memory. */
export interface NearestNeighboursTask {
  readonly kind: "nearest-neighbours";
  readonly model: NearestNeighboursModel;
  readonly embeddings: Matrix;
}

export type ParallelTask = PairCountTask | BootstrapTask | NearestNeighboursTask;

function carryOut(task: ParallelTask): unknown {
  if (task.kind === "bootstrap") return bootstrapMetrics(task.rankings, task.options);
  if (task.kind === "nearest-neighbours") return nearestNeighboursScores(task.model, task.embeddings);
  const { concepts, strengths, rows, counts } = task;
  addPairCounts({ rows: strengths.length / concepts, columns: concepts, data: strengths }, rows, counts);
  return undefined;
}

parentPort?.on("message", (task: ParallelTask) => parentPort?.postMessage(carryOut(task)));
