import type { Interval, ReportDetails } from "@faultline/db";
import { builder } from "../builder.ts";
import { finiteThreshold } from "../detectors/finite-threshold.ts";
import { AxisKindType, OracleVariantType, SimilarityType } from "../enums.ts";
import { classIndex } from "../runs/class-index.ts";
import { requireRun } from "../runs/require-run.ts";
import { RunType } from "../runs/runs.ts";
import { aurocOf, IntervalType, share } from "./intervals.ts";
import { type ClassRow, type FaultCounts, type PairRow, reportList, wantLists } from "./report-lists.ts";
import { type ReportRow, reportsByRun, responsibleConceptsByClass } from "./reports-by-run.ts";
import { ResponsibleConceptType } from "./responsible-concepts.ts";

interface FaultShare {
  count: number;
  share: Interval | null;
}

const FaultShareType = builder.objectRef<FaultShare>("FaultShare").implement({
  description:
    "A count among the misclassified inputs and its share with a Wilson interval (null when nothing was misclassified).",
  fields: (t) => ({
    count: t.exposeInt("count", { description: "Misclassified inputs with this fault." }),
    share: t.expose("share", {
      type: IntervalType,
      nullable: true,
      description: "Of the misclassified inputs; null when there are none.",
    }),
  }),
});

function faultShare(count: number, misclassified: number): FaultShare {
  return { count, share: share(count, misclassified) };
}

/** The faults of a row as shares of its misclassified inputs, each of which has exactly one of the three. */
function faultShares({ encoderFaults, headFaults, undecidedFaults }: FaultCounts) {
  const misclassified = encoderFaults + headFaults + undecidedFaults;
  return {
    encoderFaults: faultShare(encoderFaults, misclassified),
    headFaults: faultShare(headFaults, misclassified),
    undecidedFaults: faultShare(undecidedFaults, misclassified),
  };
}

// Rows are told at once and not field by field: a report has hundreds.

function toldClass(row: ClassRow, classes: readonly string[]) {
  const { inputs, correct } = row;
  return { class: classes[row.classIndex], inputs, correct, ...faultShares(row) };
}

function toldPair(row: PairRow, classes: readonly string[]) {
  const { label, predicted, inputs } = row;
  return {
    trueClass: classes[label],
    predictedClass: classes[predicted],
    inputs,
    ...faultShares(row),
  };
}

const ClassReportType = builder.objectRef<ReturnType<typeof toldClass>>("ClassReport").implement({
  description: "The inputs of one true class.",
  fields: (t) => ({
    class: t.exposeString("class", { description: "The true class." }),
    inputs: t.exposeInt("inputs", { description: "Labelled inputs of the class." }),
    correct: t.exposeInt("correct", { description: "Those classified correctly." }),
    accuracy: t.field({
      type: IntervalType,
      nullable: true,
      description: "Share that is correct; null without inputs.",
      resolve: ({ correct, inputs }) => share(correct, inputs),
    }),
    encoderFaults: t.expose("encoderFaults", {
      type: FaultShareType,
      description: "Misclassified because of the encoder.",
    }),
    headFaults: t.expose("headFaults", {
      type: FaultShareType,
      description: "Misclassified because of the head.",
    }),
    undecidedFaults: t.expose("undecidedFaults", {
      type: FaultShareType,
      description: "Misclassified, cause undecided.",
    }),
  }),
});

const FaultPairType = builder.objectRef<ReturnType<typeof toldPair>>("FaultPair").implement({
  description: "A cell of the confusion matrix.",
  fields: (t) => ({
    trueClass: t.exposeString("trueClass", { description: "The label." }),
    predictedClass: t.exposeString("predictedClass", { description: "The answer." }),
    inputs: t.exposeInt("inputs", { description: "Inputs of the cell." }),
    encoderFaults: t.expose("encoderFaults", {
      type: FaultShareType,
      description: "Because of the encoder.",
    }),
    headFaults: t.expose("headFaults", { type: FaultShareType, description: "Because of the head." }),
    undecidedFaults: t.expose("undecidedFaults", { type: FaultShareType, description: "Cause undecided." }),
  }),
});

const AxisEntryType = builder
  .objectRef<{ phrase: string; kind: "CONCEPT" | "CLASS" }>("AxisEntry")
  .implement({
    description: "A row and column of every heatmap of the run.",
    fields: (t) => ({
      phrase: t.exposeString("phrase", { description: "A concept's phrase or a class name." }),
      kind: t.expose("kind", { type: AxisKindType, description: "Which of the two." }),
    }),
  });

const AlignmentQualityType = builder
  .objectRef<ReportDetails["alignment"]["evaluated"]>("AlignmentQuality")
  .implement({
    description: "How well the map from the classifier's space meets the VLM's image embeddings.",
    fields: (t) => ({
      inputs: t.exposeInt("inputs", {
        description: "Inputs that it was measured on; none of them fitted the map.",
      }),
      r2: t.exposeFloat("r2", { description: "Coefficient of determination, at most 1; may be negative." }),
      meanCosine: t.exposeFloat("meanCosine", { description: "Mean cosine of mapped and VLM embeddings." }),
      centredCosine: t.exposeFloat("centredCosine", {
        description: "The same after the shared mean is taken off, which flatters less.",
      }),
    }),
  });

const AlignmentReportType = builder.objectRef<ReportDetails["alignment"]>("AlignmentReport").implement({
  description: "The affine map into the VLM's space. A poor map looks like a poor encoder: read it first.",
  fields: (t) => ({
    evaluated: t.expose("evaluated", {
      type: AlignmentQualityType,
      description: "On the evaluated inputs.",
    }),
    clean: t.expose("clean", {
      type: AlignmentQualityType,
      nullable: true,
      description: "Side by side, for attacked data: on the clean originals.",
    }),
    heldOut: t.expose("heldOut", {
      type: AlignmentQualityType,
      nullable: true,
      description:
        "On alignment inputs that were kept out of the fit; null when there were too few to keep some out.",
    }),
    lambda: t.exposeFloat("lambda", { description: "Ridge penalty." }),
    rank: t.exposeInt("rank", { description: "Rank of the embeddings that fitted it." }),
  }),
});

const OracleAgreementType = builder
  .objectRef<ReportDetails["oracle"]["agreement"][number]>("OracleAgreement")
  .implement({
    description: "How much the fault localisation depends on the choice of oracle.",
    fields: (t) => ({
      variant: t.expose("variant", {
        type: OracleVariantType,
        description: "The rival oracle.",
      }),
      localised: t.exposeInt("localised", { description: "Misclassified inputs that both localised." }),
      changed: t.exposeInt("changed", { description: "Those of them where the answer differs." }),
    }),
  });

const OracleReportType = builder.objectRef<ReportDetails["oracle"]>("OracleReport").implement({
  description: "How far the oracle itself can be trusted.",
  fields: (t) => ({
    errorOnCorrect: t.expose("errorOnCorrect", {
      type: IntervalType,
      description: "Share of correctly classified inputs on which it does not name the true class.",
    }),
    zeroShotAccuracy: t.expose("zeroShotAccuracy", {
      type: IntervalType,
      description: "Accuracy of the VLM's own image embedding.",
    }),
    margin: t.exposeFloat("margin", {
      description: "Calibrated difference of cosines under which it is undecided.",
    }),
    agreement: t.expose("agreement", {
      type: [OracleAgreementType],
      description: "Against its rivals.",
    }),
  }),
});

const ConceptShiftType = builder
  .objectRef<ReportDetails["encoderExplanation"][number]>("ConceptShift")
  .implement({
    description: "A concept that the encoder lost or invented against the VLM's own view.",
    fields: (t) => ({
      concept: t.exposeString("axis", { description: "Its phrase." }),
      shift: t.exposeFloat("shift", {
        description: "In standard deviations; negative: lost, positive: invented.",
      }),
      qValue: t.exposeFloat("qValue", { description: "Benjamini-Hochberg." }),
    }),
  });

const ConceptWeightType = builder.objectRef<{ axis: string; weight: number }>("ConceptWeight").implement({
  description: "How much a concept speaks for the wrong class in the head.",
  fields: (t) => ({
    concept: t.exposeString("axis", { description: "Its phrase." }),
    weight: t.exposeFloat("weight", {
      description: "Positive: for the predicted class, against the true one.",
    }),
  }),
});

interface HeadExplanationShape {
  trueClass: string;
  predictedClass: string;
  concepts: { axis: string; weight: number }[];
}

const HeadExplanationType = builder.objectRef<HeadExplanationShape>("HeadExplanation").implement({
  description: "Concepts that the head weighs wrongly for a pair of classes.",
  fields: (t) => ({
    trueClass: t.exposeString("trueClass", { description: "The label." }),
    predictedClass: t.exposeString("predictedClass", { description: "The answer." }),
    concepts: t.expose("concepts", {
      type: [ConceptWeightType],
      description: "Largest first.",
    }),
  }),
});

const ConceptFidelityType = builder
  .objectRef<ReportDetails["fidelity"][number]>("ConceptFidelity")
  .implement({
    description: "How faithfully the map carries a concept.",
    fields: (t) => ({
      concept: t.exposeString("axis", { description: "Its phrase." }),
      correlation: t.exposeFloat("correlation", {
        nullable: true,
        description: "Pearson correlation of aligned and VLM strengths; null when one of them does not vary.",
      }),
    }),
  });

interface DetectorSummaryShape extends Omit<ReportDetails["detector"], "pooledClasses"> {
  runId: string;
  pooledClasses: string[];
}

const DetectorSummaryType = builder.objectRef<DetectorSummaryShape>("DetectorSummary").implement({
  description: "The runtime detector that gave the run's verdicts.",
  fields: (t) => ({
    similarity: t.field({
      type: SimilarityType,
      description: "How heatmaps are compared.",
      resolve: ({ similarity }) => similarity as "cosine",
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
    positives: t.exposeString("positives", { description: "What counts as a defect in the metrics." }),
    negatives: t.exposeString("negatives", { description: "What counts as sound in the metrics." }),
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

const ReportWarningType = builder.objectRef<{ code: string; message: string }>("ReportWarning").implement({
  description: "Something that limits what the report can say.",
  fields: (t) => ({
    code: t.exposeString("code", { description: "Stable, for programs." }),
    message: t.exposeString("message", { description: "For people." }),
  }),
});

export const FaultReportType = builder.objectRef<ReportRow>("FaultReport").implement({
  description: "Why the classifier fails: accuracy, where the faults lie, and in which words.",
  fields: (t) => ({
    run: t.expose("run", { type: RunType, description: "The run that it is about." }),
    axis: t.field({
      type: [AxisEntryType],
      description: "Rows and columns of every heatmap: the concepts, then the classes.",
      resolve: ({ axis, conceptCount }) =>
        axis.map((phrase, i) => ({
          phrase,
          kind: i < conceptCount ? ("CONCEPT" as const) : ("CLASS" as const),
        })),
    }),
    inputs: t.exposeInt("inputs", { description: "Inputs that were evaluated." }),
    labelled: t.exposeInt("labelled", { description: "Those of them with a label." }),
    misclassified: t.exposeInt("misclassified", { description: "Labelled inputs with a wrong answer." }),
    quarantined: t.exposeInt("quarantinedCount", { description: "Inputs that could not be used." }),
    accuracy: t.field({
      type: IntervalType,
      nullable: true,
      description: "Share of the labelled inputs that is correct; null without labels.",
      resolve: ({ labelled, misclassified }) => share(labelled - misclassified, labelled),
    }),
    encoderFaults: t.field({
      type: FaultShareType,
      description: "The encoder lost the meaning.",
      resolve: (report) => faultShare(report.encoderFaults, report.misclassified),
    }),
    headFaults: t.field({
      type: FaultShareType,
      description: "The encoder kept the meaning, the head judged wrongly.",
      resolve: (report) => faultShare(report.headFaults, report.misclassified),
    }),
    undecidedFaults: t.field({
      type: FaultShareType,
      description: "The oracle itself is unsure.",
      resolve: (report) => faultShare(report.undecidedFaults, report.misclassified),
    }),
    correctedEncoderShare: t.field({
      type: IntervalType,
      nullable: true,
      description: "Encoder share corrected for the oracle's error (Rogan-Gladen).",
      resolve: ({ details }) => details.oracle.corrected?.encoder ?? null,
    }),
    correctedHeadShare: t.field({
      type: IntervalType,
      nullable: true,
      description: "Head share corrected for the oracle's error (Rogan-Gladen).",
      resolve: ({ details }) => details.oracle.corrected?.head ?? null,
    }),
    classes: t.field({
      type: [ClassReportType],
      description: "Every class, in the order of the logits.",
      resolve: async ({ runId, run: { classes } }, _args, context) =>
        (await reportList(runId, "classes", context)).map((row) => toldClass(row, classes)),
    }),
    pairs: t.field({
      type: [FaultPairType],
      description: "Every cell of the confusion matrix that has an input.",
      resolve: async ({ runId, run: { classes } }, _args, context) =>
        (await reportList(runId, "pairs", context)).map((row) => toldPair(row, classes)),
    }),
    alignment: t.field({
      type: AlignmentReportType,
      description: "Quality of the map.",
      resolve: ({ details }) => details.alignment,
    }),
    oracle: t.field({
      type: OracleReportType,
      description: "Quality of the oracle.",
      resolve: ({ details }) => details.oracle,
    }),
    responsibleConcepts: t.field({
      type: [ResponsibleConceptType],
      description: "Concepts of the significant cells of correct − incorrect, largest effect first.",
      args: {
        class: t.arg.string({ description: "Of this class; all classes together when left out." }),
        first: t.arg.int({ defaultValue: 20, description: "At most so many, up to 100." }),
      },
      resolve: async ({ runId, details, run: { datasetId, classes } }, args, context) => {
        const index = args.class == null ? null : classIndex(classes, args.class, "class");
        const all =
          index === null
            ? details.responsibleConcepts
            : (await responsibleConceptsByClass(runId, context)).find(
                ({ classIndex }) => classIndex === index,
              )?.concepts;
        return (all ?? [])
          .slice(0, Math.min(Math.max(args.first ?? 20, 0), 100))
          .map((concept) => ({ ...concept, datasetId }));
      },
    }),
    attackConcepts: t.field({
      type: [ResponsibleConceptType],
      nullable: true,
      description: "Of clean − attacked; null on clean data.",
      resolve: ({ details, run: { datasetId } }) =>
        details.attackConcepts?.map((concept) => ({ ...concept, datasetId })) ?? null,
    }),
    encoderExplanation: t.field({
      type: [ConceptShiftType],
      description: "What the encoder lost or invented in the inputs with an encoder fault.",
      resolve: ({ details }) => details.encoderExplanation,
    }),
    headExplanation: t.field({
      type: [HeadExplanationType],
      description: "What the head weighs wrongly, by pair of classes.",
      resolve: ({ details, run: { classes } }) =>
        details.headExplanation.map(({ trueClass, predictedClass, concepts }) => ({
          trueClass: classes[trueClass],
          predictedClass: classes[predictedClass],
          concepts,
        })),
    }),
    detector: t.field({
      type: DetectorSummaryType,
      description: "The runtime detector of the run.",
      resolve: ({ runId, details: { detector }, run: { classes } }) => ({
        ...detector,
        runId,
        pooledClasses: detector.pooledClasses.map((index) => classes[index]),
      }),
    }),
    fidelity: t.field({
      type: [ConceptFidelityType],
      description: "One an axis entry.",
      resolve: ({ details }) => details.fidelity,
    }),
    warnings: t.field({
      type: [ReportWarningType],
      description: "What limits this report; read them.",
      resolve: ({ details }) => details.warnings,
    }),
    resultSha256: t.exposeString("resultSha256", {
      description: "Hash of every number: equal hashes mean equal results to the bit.",
    }),
  }),
});

builder.queryField("faultReport", (t) =>
  t.field({
    type: FaultReportType,
    nullable: true,
    description: "Why the classifier of a run fails: the shortest way from CI. Null until the run succeeded.",
    args: { runId: t.arg.id({ required: true, description: "The run." }) },
    resolve: async (_root, { runId }, context, info) => {
      const { id } = await requireRun(context, runId, "runId");
      wantLists(info, context);
      const [report] = await reportsByRun([id], context);
      return report;
    },
  }),
);

builder.prismaObjectField(RunType, "report", (t) =>
  t.loadable({
    type: FaultReportType,
    nullable: true,
    description: "Null until the run succeeded.",
    load: reportsByRun,
    resolve: ({ id }, _args, context, info) => {
      wantLists(info, context);
      return id;
    },
  }),
);
