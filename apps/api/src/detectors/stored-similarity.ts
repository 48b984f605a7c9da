import { SIMILARITIES, type Similarity } from "@faultline/core";
import { z } from "zod";

const similarity = z.enum(SIMILARITIES);

/** The similarity of a name in the database, where it is text. */
export function storedSimilarity(name: string): Similarity {
  return similarity.parse(name);
}
