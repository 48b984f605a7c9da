import type { ReportDetails } from "@faultline/run";
import { builder } from "../builder.ts";
import { finiteThreshold } from "../detectors/finite-threshold.ts";
import { storedSimilarity } from "../detectors/stored-similarity.ts";
import { SimilarityType } from "../enums.ts";
import { aurocOf, IntervalType } from "./intervals.ts";
import { reportList } from "./report-parts.ts";

interface DetectorSummaryShape extends Omit<ReportDetails["detector"], "pooledClasses"> {
  runId: string;
  pooledClasses: string[];
}

export const DetectorSummaryType = builder.objectRef<DetectorSummaryShape>("DetectorSummary").implement({
  description: "The runtime detector that gave the run's verdicts.",
  fields: (t) => ({
    similarity: t.field({
      type: SimilarityType,
      description: "How heatmaps are compared.",
      resolve: ({ similarity }) => storedSimilarity(similarity),
    }),
    falseAlarmRate: t.exposeFloat("falseAlarmRate", {
      nullable: true,
      description: "Wanted false-alarm rate; null: the paper's rule, score > 0.",
    }),
    threshold: t.float({
      nullable: true,
      description:
        "Scores above it are defects, where classes share one; null: too little calibration data, nothing is flagged.",
      resolve: ({ threshold }) => finiteThreshold(threshold),
    }),
    pooledClasses: t.exposeStringList("pooledClasses", {
      description: "Classes with too few incorrect calibration inputs for a reference of their own.",
    }),
    measuredFalseAlarmRate: t.expose("measuredFalseAlarmRate", {
      type: IntervalType,
      nullable: true,
      description: "On the run's own labelled inputs.",
    }),
    measuredDetectionRate: t.expose("measuredDetectionRate", {
      type: IntervalType,
      nullable: true,
      description: "On the run's own labelled inputs.",
    }),
    positiveLabel: t.exposeString("positives", { description: "What counts as a defect in the metrics." }),
    negativeLabel: t.exposeString("negatives", { description: "What counts as sound in the metrics." }),
    positives: t.exposeString("positives", {
      description: "What counts as a defect in the metrics.",
      deprecationReason: "Use positiveLabel; positives are a number elsewhere.",
    }),
    negatives: t.exposeString("negatives", {
      description: "What counts as sound in the metrics.",
      deprecationReason: "Use negativeLabel; negatives are a number elsewhere.",
    }),
    combinedKept: t.exposeBoolean("combinedKept", {
      description: "The learned combination of all detectors won on held-out data.",
    }),
    auroc: t.field({
      type: IntervalType,
      nullable: true,
      description: "AUROC of the similarity in use; null where it was not measured.",
      resolve: async ({ runId, similarity }, _args, context) => {
        const metrics = await reportList(runId, "detectorMetrics", context);
        const metric = metrics.find(({ detector }) => detector === similarity);
        return metric ? aurocOf(metric) : null;
      },
    }),
  }),
});
