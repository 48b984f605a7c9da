import { type Alignment, decodeAlignment, type Matrix } from "@faultline/core";
import { z } from "zod";
import type { ConceptAxis } from "../models/concept-axis.ts";
import { readMatrix, storedMatrix, storeMatrix } from "../shards/stored-matrix.ts";
import { RunEnded } from "./run-failure.ts";
import type { WorkerContext } from "./run-job.ts";
import { shardResults } from "./run-state.ts";

/** What the ALIGN stage hands over. */
const alignedRun = z.object({
  alignmentSha256: z.string(),
  /** Mean VLM image embedding of the fitting inputs, m: where centred cosines are taken from. */
  centre: z.array(z.number()),
  phrases: z.array(z.string()),
  conceptCount: z.int(),
  conceptVectors: storedMatrix,
  classVectors: storedMatrix,
  warnings: z.array(z.object({ code: z.string(), message: z.string() })),
});
export type AlignedRunResult = z.infer<typeof alignedRun>;

/** The map and the axis that strengths are computed with. */
export interface AlignedRun extends Omit<AlignedRunResult, "conceptVectors" | "classVectors"> {
  alignment: Alignment;
  conceptVectors: Matrix;
  classVectors: Matrix;
}

export async function storeAxis(
  { artifactStore }: WorkerContext,
  axis: ConceptAxis,
): Promise<Pick<AlignedRunResult, "phrases" | "conceptCount" | "conceptVectors" | "classVectors">> {
  return {
    phrases: axis.phrases,
    conceptCount: axis.conceptCount,
    conceptVectors: await storeMatrix(artifactStore, axis.conceptVectors),
    classVectors: await storeMatrix(artifactStore, axis.classVectors),
  };
}

/** @throws RunEnded when a newer attempt has begun */
export async function readAlignedRun(context: WorkerContext, runId: string): Promise<AlignedRun> {
  const { database, artifactStore } = context;
  const [stage] = await shardResults(database.pool, runId, "ALIGN", alignedRun);
  if (!stage) throw new RunEnded();
  const { result } = stage;
  return {
    ...result,
    alignment: decodeAlignment(await artifactStore.read(result.alignmentSha256)),
    conceptVectors: await readMatrix(artifactStore, result.conceptVectors),
    classVectors: await readMatrix(artifactStore, result.classVectors),
  };
}
