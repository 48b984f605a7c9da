import { parentPort } from "node:worker_threads";
import { addPairCounts } from "./kernel/pair-counts.ts";
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

function carryOut(task: PairCountTask | BootstrapTask): unknown {
  if (task.kind === "bootstrap") return bootstrapMetrics(task.rankings, task.options);
  const { concepts, strengths, rows, counts } = task;
  addPairCounts({ rows: strengths.length / concepts, columns: concepts, data: strengths }, rows, counts);
  return undefined;
}

parentPort?.on("message", (task: PairCountTask | BootstrapTask) => parentPort?.postMessage(carryOut(task)));
