import { parentPort } from "node:worker_threads";
import { type NearestNeighboursModel, nearestNeighboursScores } from "./baselines.ts";
import { addPairCounts } from "./kernel/pair-counts.ts";
import type { Matrix } from "./matrix.ts";
import { type BootstrapOptions, bootstrapMetrics, type Ranking } from "./metrics.ts";
import type { Specification } from "./specification/expression.ts";
import { type VerificationModel, verifySpecification } from "./specification/verification.ts";

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

/** Answered by the verification. */
export interface VerificationTask {
  readonly kind: "verification";
  readonly specification: Specification;
  readonly model: VerificationModel;
}

/** Answered when the thread has started. */
export interface StartTask {
  readonly kind: "start";
}

export type ParallelTask =
  | PairCountTask
  | BootstrapTask
  | NearestNeighboursTask
  | VerificationTask
  | StartTask;

function carryOut(task: ParallelTask): unknown {
  if (task.kind === "start") return undefined;
  if (task.kind === "verification") return verifySpecification(task.specification, task.model);
  if (task.kind === "bootstrap") return bootstrapMetrics(task.rankings, task.options);
  if (task.kind === "nearest-neighbours") return nearestNeighboursScores(task.model, task.embeddings);
  const { concepts, strengths, rows, counts } = task;
  addPairCounts({ rows: strengths.length / concepts, columns: concepts, data: strengths }, rows, counts);
  return undefined;
}

// Answers come in the order of the tasks: of those that take turns on the event loop, too.
let last: Promise<unknown> = Promise.resolve();
parentPort?.on("message", (task: ParallelTask) => {
  last = last.then(async () => parentPort?.postMessage(await carryOut(task)));
});
