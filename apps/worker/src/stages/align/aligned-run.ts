import { type Alignment, decodeAlignment, type Matrix } from "@faultline/core";
import { type HandOver, readMatrix, storeMatrix } from "@faultline/run";
import { RunEnded } from "../../queue/run-failure.ts";
import type { WorkerContext } from "../../queue/run-job.ts";
import { handedOver } from "../../queue/run-state.ts";
import type { ConceptAxis } from "./concept-axis.ts";

type HandedOver = HandOver<"ALIGN">;

/** The map and the axis that strengths are computed with. */
export interface AlignedRun extends Omit<HandedOver, "conceptVectors" | "classVectors"> {
  alignment: Alignment;
  conceptVectors: Matrix;
  classVectors: Matrix;
}

export async function storeAxis(
  { artifactStore }: WorkerContext,
  axis: ConceptAxis,
): Promise<Pick<HandedOver, "phrases" | "conceptCount" | "conceptVectors" | "classVectors">> {
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
  const result = await handedOver(database.pool, runId, "ALIGN");
  if (!result) throw new RunEnded();
  return {
    ...result,
    alignment: decodeAlignment(await artifactStore.read(result.alignmentSha256)),
    conceptVectors: await readMatrix(artifactStore, result.conceptVectors),
    classVectors: await readMatrix(artifactStore, result.classVectors),
  };
}
