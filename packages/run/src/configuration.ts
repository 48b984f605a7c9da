import { SIMILARITIES } from "@faultline/core";
import { z } from "zod";

/** Everything that decides the result of a run besides its artifacts; stored with the run, defaults filled in. */
export const runConfigurationSchema = z
  .object({
    /** Seeds every draw of the run: held-out alignment rows, conformal split, bootstraps. */
    seed: z.int().min(0).max(2147483647).default(20250317),
    /** Class names join the concepts as axes of the heatmaps (classes are concepts too). */
    includeClassConcepts: z.boolean().default(true),
    /** Centre concept vectors by the mean text embedding (offered because of the modality gap). */
    centreConceptVectors: z.boolean().default(false),
    /** Ridge penalty of the alignment; null chooses it by generalised cross-validation on the fitting rows. */
    ridgePenalty: z.number().positive().nullable().default(null),
    /** Share of alignment inputs held out to measure the map. */
    alignmentHeldOutShare: z.number().min(0.05).max(0.5).default(0.2),
    /** Similarity of the published verdicts. */
    similarity: z.enum(SIMILARITIES).default("log-likelihood-ratio"),
    /** Wanted false-alarm rate of the split-conformal threshold; null keeps the paper's rule, score > 0. */
    falseAlarmRate: z.number().gt(0).lt(1).nullable().default(0.05),
    /** Classes with fewer incorrect calibration inputs use the pooled reference. */
    minimumIncorrectInputs: z.int().min(1).default(10),
    /** A cell is tested only where both sides have at least this many inputs. */
    minimumCellInputs: z.int().min(1).default(5),
    /** Benjamini-Hochberg level of significant cells. */
    significanceLevel: z.number().gt(0).lt(1).default(0.05),
    /** Replicates of each bootstrap interval. */
    bootstrapReplicates: z.int().min(100).max(10000).default(1000),
    /** Inputs a shard: the unit of caching, retrying and cancelling. */
    shardSize: z.int().min(16).max(65536).default(512),
  })
  .strict();

export type RunConfiguration = z.infer<typeof runConfigurationSchema>;

/** How a run's detectors are calibrated: the options of `calibrateDetector` of @faultline/core, but for the similarity. */
export function detectorOptions(configuration: RunConfiguration) {
  const { falseAlarmRate, minimumIncorrectInputs, seed } = configuration;
  return {
    rule:
      falseAlarmRate === null
        ? ({ kind: "zero" } as const)
        : ({ kind: "conformal", alpha: falseAlarmRate, scope: "pooled" } as const),
    minimumInputs: minimumIncorrectInputs,
    seed,
  };
}
