import { z } from "zod";
import { storedMatrix } from "../stored-matrix.ts";

/**
 * What STRENGTHS keeps of one shard: a row for each usable input that is evaluated, calibrates, or
 * is a clean counterpart, in order of position.
 */
export const strengthShard = z.object({
  datasetId: z.uuid(),
  rows: z.int(),
  /** rows×C strengths of a(x). */
  strengths: storedMatrix,
  /** rows×C strengths of the VLM's own image embeddings. */
  vlmStrengths: storedMatrix,
  /** Artifact of StrengthColumns. */
  columnsSha256: z.string(),
});
export type StrengthShard = z.infer<typeof strengthShard>;

/** What STRENGTHS hands over, for one span of shards. */
export const strengthsSpan = z.object({
  shards: z.array(strengthShard),
  /** Columns: HeatmapTotals of the evaluated inputs and the clean counterparts. */
  heatmapsSha256: z.string(),
  /** Columns: encoded accumulators `evaluated`, `clean`, `heldOut` (alignment quality) and `fidelity`. */
  accumulatorsSha256: z.string(),
});
export type StrengthsSpan = z.infer<typeof strengthsSpan>;

/** What a run keeps of every input besides its strengths; entry i is row i. */
export type StrengthColumns = {
  /** Position in the dataset. */
  position: Int32Array;
  /** ROLE bits. */
  role: Uint8Array;
  /** Class numbers of the model; -1 where unlabelled. */
  label: Int32Array;
  predicted: Int32Array;
  /** Maximum softmax probability. */
  confidence: Float32Array;
  /** Class whose text is nearest to a(x), and to the VLM's own image embedding. */
  oracleClass: Int32Array;
  vlmClass: Int32Array;
  /** What both oracles answer and their truth margins (core's OracleAnswers); -1 and NaN where unlabelled. */
  oracleAnswer: Int32Array;
  vlmAnswer: Int32Array;
  oracleMargin: Float64Array;
  vlmMargin: Float64Array;
  /** Baselines that need nothing but the input itself; higher = more likely a defect. */
  msp: Float64Array;
  entropy: Float64Array;
  gen: Float64Array;
  energy: Float64Array;
  vlmDisagreement: Float64Array;
};
