import { parentPort } from "node:worker_threads";
import { addPairCounts } from "./kernel/pair-counts.ts";

/** A share of the rows to count. All arrays lie in shared memory. */
export interface PairCountTask {
  readonly concepts: number;
  readonly strengths: Float32Array;
  readonly rows: Uint32Array;
  /** C×C, zero; the counts are added here. */
  readonly counts: Uint32Array;
}

parentPort?.on("message", ({ concepts, strengths, rows, counts }: PairCountTask) => {
  addPairCounts({ rows: strengths.length / concepts, columns: concepts, data: strengths }, rows, counts);
  parentPort?.postMessage("done");
});
