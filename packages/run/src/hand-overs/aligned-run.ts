import { z } from "zod";
import { storedMatrix } from "../stored-matrix.ts";
import { warning } from "../warning.ts";

/** What ALIGN hands over: the map and the axis that strengths are computed with. */
export const alignedRun = z.object({
  alignmentSha256: z.string(),
  /** Mean VLM image embedding of the fitting inputs, m: where centred cosines are taken from. */
  centre: z.array(z.number()),
  phrases: z.array(z.string()),
  conceptCount: z.int(),
  conceptVectors: storedMatrix,
  classVectors: storedMatrix,
  warnings: z.array(warning),
});
