import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { AxisKindType } from "../enums.ts";
import { classIndex } from "../runs/class-index.ts";
import type { KnownRun } from "../runs/known-runs.ts";
import { requireRun } from "../runs/require-run.ts";
import { RunType } from "../runs/runs.ts";
import { AlignmentReportType } from "./alignment-report.ts";
import { ClassReportType, classReport } from "./class-report.ts";
import { DetectorSummaryType } from "./detector-summary.ts";
import { ConceptFidelityType, ConceptShiftType, HeadExplanationType } from "./explanations.ts";
import { FaultPairType, faultPair } from "./fault-pair.ts";
import { FaultShareType, faultShare } from "./fault-shares.ts";
import { IntervalType, share } from "./intervals.ts";
import { OracleReportType, oracleReport } from "./oracle-report.ts";
import { type ReportRow, reportList, reportRow, responsibleConceptsByClass } from "./report-parts.ts";
import { ResponsibleConceptType } from "./responsible-concepts.ts";

const AxisEntryType = builder
  .objectRef<{ phrase: string; kind: "CONCEPT" | "CLASS" }>("AxisEntry")
  .implement({
    description: "A row and column of every heatmap of the run.",
    fields: (t) => ({
      phrase: t.exposeString("phrase", { description: "A concept's phrase or a class name." }),
      kind: t.expose("kind", { type: AxisKindType, description: "Which of the two." }),
    }),
  });

const ReportWarningType = builder.objectRef<{ code: string; message: string }>("ReportWarning").implement({
  description: "Something that limits what the report can say.",
  fields: (t) => ({
    code: t.exposeString("code", { description: "Stable, for programs." }),
    message: t.exposeString("message", { description: "For people." }),
  }),
});

/** A field's resolver by the report's row; whatever an answer needs of reports is read at once. */
function ofRow<Value>(read: (row: ReportRow, run: KnownRun) => Value) {
  return async (run: KnownRun, _args: object, context: Context): Promise<Value> =>
    read(await reportRow(run.id, context), run);
}

export const FaultReportType = builder.objectRef<KnownRun>("FaultReport").implement({
  description: "Why the classifier fails: accuracy, where the faults lie, and in which words.",
  fields: (t) => ({
    run: t.field({ type: RunType, description: "The run that it is about.", resolve: (run) => run }),
    axis: t.field({
      type: [AxisEntryType],
      description: "Rows and columns of every heatmap: the concepts, then the classes.",
      resolve: ofRow(({ conceptCount }, { axis }) =>
        axis.map((phrase, i) => ({
          phrase,
          kind: i < conceptCount ? ("CONCEPT" as const) : ("CLASS" as const),
        })),
      ),
    }),
    inputs: t.int({ description: "Inputs that were evaluated.", resolve: ofRow(({ inputs }) => inputs) }),
    labelled: t.int({
      description: "Those of them with a label.",
      resolve: ofRow(({ labelled }) => labelled),
    }),
    misclassified: t.int({
      description: "Labelled inputs with a wrong answer.",
      resolve: ofRow(({ misclassified }) => misclassified),
    }),
    quarantined: t.int({
      description: "Inputs that could not be used.",
      resolve: ofRow(({ quarantinedCount }) => quarantinedCount),
    }),
    accuracy: t.field({
      type: IntervalType,
      nullable: true,
      description: "Share of the labelled inputs that is correct; null without labels.",
      resolve: ofRow(({ labelled, misclassified }) => share(labelled - misclassified, labelled)),
    }),
    encoderFaults: t.field({
      type: FaultShareType,
      description: "The encoder lost the meaning.",
      resolve: ofRow((row) => faultShare(row.encoderFaults, row.misclassified)),
    }),
    headFaults: t.field({
      type: FaultShareType,
      description: "The encoder kept the meaning, the head judged wrongly.",
      resolve: ofRow((row) => faultShare(row.headFaults, row.misclassified)),
    }),
    undecidedFaults: t.field({
      type: FaultShareType,
      description: "The oracle itself is unsure.",
      resolve: ofRow((row) => faultShare(row.undecidedFaults, row.misclassified)),
    }),
    correctedEncoderShare: t.field({
      type: IntervalType,
      nullable: true,
      description: "Encoder share corrected for the oracle's error (Rogan-Gladen).",
      resolve: ofRow(({ details }) => details.oracle.corrected?.encoder ?? null),
    }),
    correctedHeadShare: t.field({
      type: IntervalType,
      nullable: true,
      description: "Head share corrected for the oracle's error (Rogan-Gladen).",
      resolve: ofRow(({ details }) => details.oracle.corrected?.head ?? null),
    }),
    classes: t.field({
      type: [ClassReportType],
      description: "Every class, in the order of the logits.",
      resolve: async ({ id, classes }, _args, context) =>
        (await reportList(id, "classes", context)).map((row) => classReport(row, classes)),
    }),
    pairs: t.field({
      type: [FaultPairType],
      description: "Every cell of the confusion matrix that has an input.",
      resolve: async ({ id, classes }, _args, context) =>
        (await reportList(id, "pairs", context)).map((row) => faultPair(row, classes)),
    }),
    alignment: t.field({
      type: AlignmentReportType,
      description: "Quality of the map.",
      resolve: ofRow(({ details }) => details.alignment),
    }),
    oracle: t.field({
      type: OracleReportType,
      description: "Quality of the oracle.",
      resolve: ofRow(oracleReport),
    }),
    responsibleConcepts: t.field({
      type: [ResponsibleConceptType],
      description: "Concepts of the significant cells of correct − incorrect, largest effect first.",
      args: {
        trueClass: t.arg.string({ description: "Of this class; all classes together when left out." }),
        class: t.arg.string({ description: "The true class.", deprecationReason: "Use trueClass." }),
        first: t.arg.int({ defaultValue: 20, description: "At most so many, up to 100." }),
      },
      resolve: async ({ id, datasetId, classes }, args, context) => {
        const name = args.trueClass ?? args.class;
        const index = name == null ? null : classIndex(classes, name, "trueClass");
        const all =
          index === null
            ? (await reportRow(id, context)).details.responsibleConcepts
            : (await responsibleConceptsByClass(id, context)).find(({ classIndex }) => classIndex === index)
                ?.concepts;
        return (all ?? [])
          .slice(0, Math.min(Math.max(args.first ?? 20, 0), 100))
          .map((concept) => ({ ...concept, datasetId }));
      },
    }),
    attackConcepts: t.field({
      type: [ResponsibleConceptType],
      nullable: true,
      description: "Of clean − attacked; null on clean data.",
      resolve: ofRow(
        ({ details }, { datasetId }) =>
          details.attackConcepts?.map((concept) => ({ ...concept, datasetId })) ?? null,
      ),
    }),
    encoderExplanation: t.field({
      type: [ConceptShiftType],
      description: "What the encoder lost or invented in the inputs with an encoder fault.",
      resolve: ofRow(({ details }) => details.encoderExplanation),
    }),
    headExplanation: t.field({
      type: [HeadExplanationType],
      description: "What the head weighs wrongly, by pair of classes.",
      resolve: ofRow(({ details }, { classes }) =>
        details.headExplanation.map(({ trueClass, predictedClass, concepts }) => ({
          trueClass: classes[trueClass],
          predictedClass: classes[predictedClass],
          concepts,
        })),
      ),
    }),
    detector: t.field({
      type: DetectorSummaryType,
      description: "The runtime detector of the run.",
      resolve: ofRow(({ details: { detector } }, { id, classes }) => ({
        ...detector,
        runId: id,
        pooledClasses: detector.pooledClasses.map((index) => classes[index]),
      })),
    }),
    fidelity: t.field({
      type: [ConceptFidelityType],
      description: "One an axis entry.",
      resolve: ofRow(({ details }) => details.fidelity),
    }),
    warnings: t.field({
      type: [ReportWarningType],
      description: "What limits this report; read them.",
      resolve: ofRow(({ details }) => details.warnings),
    }),
    resultSha256: t.string({
      description: "Hash of every number: equal hashes mean equal results to the bit.",
      resolve: ofRow(({ resultSha256 }) => resultSha256),
    }),
  }),
});

/** A run as its report's parent; null until it has one: the axis comes with the report. */
function reported(run: KnownRun | undefined): KnownRun | null {
  return run && run.axis.length > 0 ? run : null;
}

builder.queryField("faultReport", (t) =>
  t.field({
    type: FaultReportType,
    nullable: true,
    description: "Why the classifier of a run fails: the shortest way from CI. Null until the run succeeded.",
    args: { runId: t.arg.id({ required: true, description: "The run." }) },
    resolve: async (_root, { runId }, context) => reported(await requireRun(context, runId, "runId")),
  }),
);

builder.prismaObjectField(RunType, "report", (t) =>
  t.loadable({
    type: FaultReportType,
    nullable: true,
    description: "Null until the run succeeded.",
    load: async (ids: string[], { knownRuns }: Context) => {
      const runs = await knownRuns.byIds(ids);
      return ids.map((id) => reported(runs.get(id)));
    },
    resolve: ({ id }) => id,
  }),
);
