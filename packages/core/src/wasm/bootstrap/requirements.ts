import { InvalidInputError, requireSize } from "../../errors.ts";
import type { BootstrapOptions, Ranking } from "../../metrics.ts";

/** Throws InvalidInputError unless the rankings are of the same inputs and the options in range. */
export function requireBootstrap(rankings: readonly Ranking[], options: BootstrapOptions): void {
  const { replicates = 1000, confidence = 0.95 } = options;
  if (!Number.isSafeInteger(replicates) || replicates < 1)
    throw new InvalidInputError("replicates", `is ${replicates}`, "Use a whole number >= 1.");
  if (!(confidence > 0 && confidence < 1))
    throw new InvalidInputError("confidence", `is ${confidence}`, "Use a number between 0 and 1, as 0.95.");
  if (rankings.length === 0) return;
  const { defects } = rankings[0];
  for (const [i, ranked] of rankings.entries()) {
    requireSize("ranking", ranked.order.length, defects.length, "inputs (the first one's)");
    if (ranked.defects.some((defect, input) => defect !== defects[input]))
      throw new InvalidInputError(
        `rankings[${i}]`,
        "has other defects than the first one",
        "Pass rankings of the same inputs.",
      );
  }
}
