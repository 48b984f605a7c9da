import { z } from "zod";
import { storedMatrix } from "../stored-matrix.ts";
import { warning } from "../warning.ts";

const datasetPlan = z.object({
  datasetId: z.uuid(),
  /** Artifact with one byte of ROLE bits an input, in order of position. */
  rolesSha256: z.string(),
  /** The model's class number of each class of the dataset. */
  classNumbers: z.array(z.int()),
  /** The whole matrices that were brought for this dataset; what is missing comes from the networks. */
  brought: z.object({
    embedding: storedMatrix.nullable(),
    logits: storedMatrix.nullable(),
    imageEmbedding: storedMatrix.nullable(),
  }),
});
export type DatasetPlan = z.infer<typeof datasetPlan>;

/** What PLAN hands over: decided once for an attempt, read by every later job. */
export const runPlan = z.object({
  /** The attempt of the run that it was made for. */
  attempt: z.int(),
  /** The base dataset first, then the attacked one where there is one. */
  datasets: z.array(datasetPlan).min(1).max(2),
  warnings: z.array(warning),
});
export type RunPlan = z.infer<typeof runPlan>;

/** @throws Error when the run has nothing to do with the dataset */
export function datasetPlanOf(plan: RunPlan, datasetId: string): DatasetPlan {
  const found = plan.datasets.find((dataset) => dataset.datasetId === datasetId);
  if (!found) throw new Error(`the plan has no dataset ${datasetId}`);
  return found;
}
