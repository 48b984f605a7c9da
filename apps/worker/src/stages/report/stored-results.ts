import { floatBytes, type RunResult, storeColumns } from "@faultline/run";
import type { WorkerContext } from "../../queue/run-job.ts";
import type { Judgements } from "./detector-evaluation.ts";
import type { FaultAnalysis } from "./fault-analysis.ts";
import type { ReducedRun } from "./reduced-run.ts";
import { runHeatmaps } from "./run-heatmaps.ts";
import type { RunRows } from "./run-rows.ts";
import type { Samples } from "./samples.ts";
import { verdictColumns } from "./tables.ts";

/** The artifacts of a run's result, by what they hold, and the rows of the heatmaps whose counts are among them. */
export interface StoredResults {
  calibrationStrengthsSha256: string;
  calibrationInputsSha256: string;
  conceptVectorsSha256: string;
  strengthsSha256: string;
  vlmStrengthsSha256: string;
  heatmapsSha256: string;
  verdictsSha256: string;
  heatmaps: RunResult["heatmaps"];
}

/** Stores what is too large for rows of a table. */
export async function storeResults(
  { artifactStore }: WorkerContext,
  { aligned, rows, totals }: ReducedRun,
  { calibration }: Samples,
  faults: FaultAnalysis,
  judgements: Judgements,
  classes: number,
): Promise<StoredResults> {
  const put = async (content: Uint8Array | AsyncIterable<Uint8Array>) =>
    (await artifactStore.put(content)).sha256;
  const heatmaps: RunResult["heatmaps"] = [];
  const counted: Record<string, Uint8Array> = {};
  for (const { counts, ...heatmap } of runHeatmaps(totals, classes)) {
    heatmaps.push(heatmap);
    counted[`${heatmap.kind}/${heatmap.subset}/${heatmap.classIndex}`] = counts;
  }
  return {
    calibrationStrengthsSha256: await put(floatBytes(calibration.strengths.data)),
    calibrationInputsSha256: await put(Buffer.from(JSON.stringify(calibration.inputs))),
    conceptVectorsSha256: await put(floatBytes(aligned.conceptVectors.data)),
    strengthsSha256: await put(strengthsOf(rows, "strengths")),
    vlmStrengthsSha256: await put(strengthsOf(rows, "vlmStrengths")),
    heatmapsSha256: await storeColumns(artifactStore, counted),
    verdictsSha256: await storeColumns(artifactStore, verdictColumns(rows, faults, judgements)),
    heatmaps,
  };
}

/** The strengths of the evaluated rows, N×C. */
async function* strengthsOf(rows: RunRows, kind: "strengths" | "vlmStrengths"): AsyncGenerator<Uint8Array> {
  for await (const { values } of rows.strengths(rows.evaluated, kind)) yield floatBytes(values.data);
}
