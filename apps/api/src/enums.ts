import type { Stage } from "@faultline/run";
import { builder } from "./builder.ts";

export const TokenScopeType = builder.enumType("TokenScope", {
  description: "What a token may do; each scope holds the ones before it.",
  values: {
    READ: { description: "Read everything in its project, and check inputs." },
    WRITE: { description: "Also register, upload, start runs, publish detectors." },
    ADMIN: { description: "Also create projects and manage tokens." },
  } as const,
});

export const SplitType = builder.enumType("Split", {
  description: "What an input is used for.",
  values: {
    ALIGNMENT: { description: "Fits the affine map; labels are not looked at." },
    CALIBRATION: { description: "Calibrates the oracle's margin and the detector." },
    TEST: { description: "Evaluated: reports and verdicts are about these." },
  } as const,
});

export const DatasetStatusType = builder.enumType("DatasetStatus", {
  description: "How far the reading of an uploaded dataset is.",
  values: {
    INGESTING: { description: "A worker reads the upload." },
    READY: { description: "Complete; runs can use it." },
    FAILED: { description: "The upload could not be read; see `error`." },
  } as const,
});

export const RunStatusType = builder.enumType("RunStatus", {
  description: "State of a run.",
  values: {
    QUEUED: { description: "Waits for a worker." },
    RUNNING: { description: "A worker is on it; see `stage` and `progress`." },
    SUCCEEDED: { description: "Report and verdicts are complete." },
    FAILED: { description: "Stopped by `error`; can be retried, finished shards are kept." },
    CANCELLED: { description: "Stopped on request; can be retried." },
  } as const,
});

export const RunStageType = builder.enumType("RunStage", {
  description: "Stages of a run, in order.",
  values: {
    PLAN: { description: "Splits the inputs into shards." },
    EMBED: { description: "Embeds inputs with the classifier and the VLM." },
    ALIGN: { description: "Fits the affine map into the VLM's space." },
    STRENGTHS: { description: "Strengths of every concept in every input." },
    REPORT: { description: "Heatmaps, fault report, detector." },
    VERDICTS: { description: "Publishes a verdict for every input." },
  } as const satisfies Record<Stage, object>,
});

export const HeatmapKindType = builder.enumType("HeatmapKind", {
  description: "What the inputs of a heatmap have in common.",
  values: {
    GROUND_TRUTH: { description: "Their true class." },
    OUTPUT_LABEL: { description: "Their predicted class." },
  } as const,
});

export const HeatmapSubsetType = builder.enumType("HeatmapSubset", {
  description: "Which inputs of a class a heatmap counts.",
  values: {
    ALL: { description: "Every input." },
    CORRECT: { description: "Correctly classified inputs." },
    INCORRECT: { description: "Misclassified inputs." },
    CLEAN: { description: "The clean originals of an attacked dataset's inputs." },
  } as const,
});

export const VerdictKindType = builder.enumType("VerdictKind", {
  description: "What the runtime detector says.",
  values: {
    OK: { description: "Looks like correct behaviour." },
    DEFECT: { description: "Do not trust this answer." },
  } as const,
});

export const FaultType = builder.enumType("Fault", {
  description: "Where the fault of an input lies.",
  values: {
    NONE: { description: "Correctly classified." },
    ENCODER: { description: "The encoder lost the meaning: the oracle does not see the true class." },
    HEAD: { description: "The encoder kept the meaning, the head judged wrongly." },
    UNDECIDED: { description: "The oracle itself is unsure." },
  } as const,
});

export const SimilarityType = builder.enumType("Similarity", {
  description: "How an input's heatmap is compared with the references.",
  values: {
    COSINE: { value: "cosine", description: "Cosine of the heatmaps." },
    JACCARD: { value: "jaccard", description: "Jaccard index of the binarised heatmaps." },
    L1: { value: "l1", description: "One minus the mean absolute difference." },
    LOG_LIKELIHOOD_RATIO: {
      value: "log-likelihood-ratio",
      description: "Sum over cells of the log ratio of two smoothed Bernoulli likelihoods.",
    },
  } as const,
});

export const EmbeddingKindType = builder.enumType("EmbeddingKind", {
  description: "What a brought matrix holds.",
  values: {
    EMBEDDING: { description: "The classifier's embeddings, inputs × d." },
    LOGITS: { description: "The classifier's logits, inputs × K." },
    IMAGE_EMBEDDING: { description: "The VLM's image embeddings, inputs × m." },
  } as const,
});

export const VerdictOrderType = builder.enumType("VerdictOrder", {
  description: "Order of verdicts; ties by input.",
  values: {
    INPUT: { description: "The dataset's own order." },
    SCORE_DESCENDING: { description: "Most suspicious first." },
    SCORE_ASCENDING: { description: "Most trustworthy first." },
  } as const,
});

export const OracleVariantType = builder.enumType("OracleVariant", {
  description: "Rivals of the oracle that localises faults.",
  values: {
    CLASS_TEXT: { description: "Class text nearest to a(x)." },
    CLASS_HEATMAP: { description: "Class whose ground-truth heatmap is nearest to H(x)." },
    VLM_IMAGE: { description: "Class text nearest to the VLM's own image embedding." },
  } as const,
});

export const AxisKindType = builder.enumType("AxisKind", {
  description: "What an entry of the axis is.",
  values: {
    CONCEPT: { description: "A phrase of the concept set." },
    CLASS: { description: "A class name." },
  } as const,
});

export const VerificationType = builder.enumType("Verification", {
  description: "Answer of the formal check.",
  values: {
    HOLDS: { description: "Proved for every embedding in the box." },
    VIOLATED: { description: "A counterexample embedding exists in the box." },
    UNKNOWN: { description: "Could not be decided; see the reason." },
  } as const,
});
