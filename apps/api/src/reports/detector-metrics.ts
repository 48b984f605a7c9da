import { builder } from "../builder.ts";
import { RunType } from "../runs/runs.ts";
import { FaultReportType } from "./fault-report.ts";
import { aurocOf, IntervalType } from "./intervals.ts";
import { type Curves, curvesOf, type DetectorMetricRow, reportList } from "./report-parts.ts";

const RocPointType = builder.objectRef<Curves["roc"][number]>("RocPoint").implement({
  description: "A point of the ROC curve.",
  fields: (t) => ({
    falsePositiveRate: t.float({
      description: "Share of sound inputs above the threshold.",
      resolve: ([x]) => x,
    }),
    truePositiveRate: t.float({
      description: "Share of defects above the threshold.",
      resolve: ([, y]) => y,
    }),
    threshold: t.float({
      nullable: true,
      description: "Null at the ends.",
      resolve: ([, , threshold]) => threshold,
    }),
  }),
});

const RiskCoveragePointType = builder
  .objectRef<Curves["riskCoverage"][number]>("RiskCoveragePoint")
  .implement({
    description: "A point of the risk-coverage curve.",
    fields: (t) => ({
      coverage: t.float({
        description: "Share of inputs that are answered, least suspicious first.",
        resolve: ([x]) => x,
      }),
      risk: t.float({ description: "Share of defects among them.", resolve: ([, y]) => y }),
    }),
  });

const DetectorMetricType = builder.objectRef<DetectorMetricRow>("DetectorMetric").implement({
  description: "How well one detector or baseline ranks the defects of a run.",
  fields: (t) => ({
    detector: t.exposeString("detector", {
      description:
        "cosine, jaccard, l1, log-likelihood-ratio, combined, msp, entropy, gen, energy, mahalanobis, knn, vlm-disagreement.",
    }),
    semantic: t.exposeBoolean("semantic", {
      description: "True for heatmap similarities, false for baselines.",
    }),
    positives: t.exposeInt("positives", { description: "Defects." }),
    negatives: t.exposeInt("negatives", { description: "Sound inputs." }),
    auroc: t.field({
      type: IntervalType,
      description: "Area under the ROC curve.",
      resolve: aurocOf,
    }),
    auprIn: t.exposeFloat("auprIn", { description: "Average precision, sound inputs as positives." }),
    auprOut: t.exposeFloat("auprOut", { description: "Average precision, defects as positives." }),
    falsePositiveRateAt95: t.exposeFloat("fpr95", {
      description: "False-positive rate where 95 % of defects are found.",
    }),
    areaUnderRiskCoverage: t.exposeFloat("aurc", {
      description: "Area under the risk-coverage curve; lower is better.",
    }),
    roc: t.field({
      type: [RocPointType],
      description: "At most 200 points.",
      complexity: 5,
      resolve: async (metric, _args, context) => (await curvesOf(metric, context)).roc,
    }),
    riskCoverage: t.field({
      type: [RiskCoveragePointType],
      description: "At most 200 points.",
      complexity: 5,
      resolve: async (metric, _args, context) => (await curvesOf(metric, context)).riskCoverage,
    }),
  }),
});

builder.prismaObjectField(RunType, "detectorMetrics", (t) =>
  t.field({
    type: [DetectorMetricType],
    description: "Similarities and baselines, best AUROC first.",
    select: { id: true },
    resolve: ({ id }, _args, context) => reportList(id, "detectorMetrics", context),
  }),
);

builder.objectField(FaultReportType, "detectorMetrics", (t) =>
  t.field({
    type: [DetectorMetricType],
    description: "Similarities and baselines, best AUROC first.",
    resolve: ({ id }, _args, context) => reportList(id, "detectorMetrics", context),
  }),
);
