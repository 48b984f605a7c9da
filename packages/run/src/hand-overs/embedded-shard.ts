import { z } from "zod";
import { storedMatrix } from "../stored-matrix.ts";

/** An input of a shard that cannot be used: its row in the shard, and why. */
export const quarantined = z.object({ position: z.int(), reason: z.string() });
export type Quarantined = z.infer<typeof quarantined>;

/** What EMBED hands over, for one shard: a row an input, in order of position. */
export const embeddedShard = z.object({
  embedding: storedMatrix,
  logits: storedMatrix,
  imageEmbedding: storedMatrix,
  /** Rows that no later stage uses. */
  quarantined: z.array(quarantined),
  /** Artifact of the AlignmentAccumulator over its rows that fit the alignment; null when it has none. */
  alignmentSha256: z.string().nullable(),
});
export type EmbeddedShard = z.infer<typeof embeddedShard>;
