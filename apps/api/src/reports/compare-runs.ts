import {
  compareAurocs,
  differentialHeatmap,
  type HeatmapCounts,
  mcNemarTest,
  pairedDifferentialHeatmap,
  pairedRiskDifference,
  selectRows,
} from "@faultline/core";
import { z } from "zod";
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { NotFoundError, parse, ValidationError } from "../errors.ts";
import { requireRun } from "../runs/known-runs.ts";
import { RunType } from "../runs/runs.ts";
import { namesOf } from "../verdicts/run-names.ts";
import { type PageArguments, verdictPage } from "../verdicts/verdict-page.ts";
import { VerdictConnectionType, VerdictEdgeType, VerdictType } from "../verdicts/verdicts.ts";
import { classIndex, detailsOf } from "./fault-report.ts";
import {
  DifferentialHeatmapType,
  type DifferentialShape,
  differentialOptions,
  readHeatmap,
} from "./heatmaps.ts";
import { aurocOf, type IntervalShape, IntervalType, interval, share } from "./intervals.ts";
import { pairedShareDifference } from "./paired-shares.ts";
import { fix, type PairedCounts, pairedCondition, pairedCounts, regression } from "./paired-verdicts.ts";
import { readStrengths } from "./run-strengths.ts";

const include = {
  modelVersion: { include: { model: true } },
  dataset: { include: { attackType: true } },
  report: true,
  detectorMetrics: { select: { detector: true, auroc: true, aurocLow: true, aurocHigh: true } },
} as const;

async function loadRuns({ prisma }: Context, ids: string[]) {
  const rows = await prisma.run.findMany({ where: { id: { in: ids } }, include });
  return ids.map((id) => rows.find((row) => row.id === id) as (typeof rows)[number]);
}

type ComparedRun = Awaited<ReturnType<typeof loadRuns>>[number];

/** The AUROC of the similarity that gave the run's verdicts. */
function aurocInUse({ report, detectorMetrics }: ComparedRun): IntervalShape | null {
  const similarity = report && detailsOf(report).detector.similarity;
  const metric = detectorMetrics.find(({ detector }) => detector === similarity);
  return metric ? aurocOf(metric) : null;
}

const ComparisonCellType = builder.objectRef<ComparedRun>("ComparisonCell").implement({
  description: "One run in the matrix of version × attack type.",
  fields: (t) => ({
    run: t.field({ type: RunType, description: "The run.", resolve: (run) => run }),
    modelVersion: t.string({
      description: "Model and version.",
      resolve: ({ modelVersion }) => `${modelVersion.model.name} ${modelVersion.name}`,
    }),
    attackType: t.string({
      nullable: true,
      description: "Null for clean data.",
      resolve: ({ dataset }) => dataset.attackType?.name ?? null,
    }),
    accuracy: t.field({
      type: IntervalType,
      nullable: true,
      description: "Share of the labelled inputs that is correct.",
      resolve: ({ report }) => report && share(report.labelled - report.misclassified, report.labelled),
    }),
    encoderShare: t.field({
      type: IntervalType,
      nullable: true,
      description: "Encoder faults among the misclassified inputs.",
      resolve: ({ report }) => report && share(report.encoderFaults, report.misclassified),
    }),
    headShare: t.field({
      type: IntervalType,
      nullable: true,
      description: "Head faults among the misclassified inputs.",
      resolve: ({ report }) => report && share(report.headFaults, report.misclassified),
    }),
    undecidedShare: t.field({
      type: IntervalType,
      nullable: true,
      description: "Undecided faults among the misclassified inputs.",
      resolve: ({ report }) => report && share(report.undecidedFaults, report.misclassified),
    }),
    detectorAuroc: t.field({
      type: IntervalType,
      nullable: true,
      description: "AUROC of the similarity in use.",
      resolve: aurocInUse,
    }),
  }),
});

interface DifferenceShape {
  run: ComparedRun;
  baseline: ComparedRun;
  counts: PairedCounts;
}

/** Inputs by whether run and baseline are correct. */
function agreement({ counts }: DifferenceShape) {
  const cells = { both: 0, onlyRun: 0, onlyBaseline: 0, neither: 0 };
  for (const { first, second, inputs } of counts.joint) {
    if (first === "NONE") cells[second === "NONE" ? "both" : "onlyRun"] += inputs;
    else cells[second === "NONE" ? "onlyBaseline" : "neither"] += inputs;
  }
  return cells;
}

/** A page of the run's verdicts on shared inputs; how many there are is known from the joint table. */
async function pairedPage(
  context: Context,
  { run, baseline }: DifferenceShape,
  condition: string,
  page: PageArguments,
  inputs: number,
) {
  const found = await verdictPage(
    context,
    pairedCondition(run, baseline, condition),
    "INPUT",
    page,
    namesOf(run),
  );
  return { ...found, totalCount: async () => inputs };
}

/** Most shared inputs whose scores are fetched for the DeLong test. */
const mostScores = 250_000;

const RunDifferenceType = builder.objectRef<DifferenceShape>("RunDifference").implement({
  description: "A run against the baseline, on the inputs that both evaluated.",
  fields: (t) => ({
    run: t.field({ type: RunType, description: "The run.", resolve: ({ run }) => run }),
    baseline: t.field({
      type: RunType,
      description: "The first of the compared runs.",
      resolve: ({ baseline }) => baseline,
    }),
    sharedInputs: t.int({
      description: "Inputs that both evaluated; an attacked input is paired with its clean one.",
      resolve: ({ counts }) => counts.sharedInputs,
    }),
    accuracyDifference: t.field({
      type: IntervalType,
      nullable: true,
      description: "Run − baseline on shared labelled inputs (Newcombe's paired interval); null without any.",
      resolve: (difference) => {
        const { both, onlyRun, onlyBaseline, neither } = agreement(difference);
        return interval(pairedRiskDifference(both, onlyRun, onlyBaseline, neither));
      },
    }),
    accuracyPValue: t.float({
      nullable: true,
      description: "McNemar on shared labelled inputs; null without any.",
      resolve: (difference) => {
        const { onlyRun, onlyBaseline } = agreement(difference);
        return difference.counts.joint.length > 0 ? mcNemarTest(onlyRun, onlyBaseline).pValue : null;
      },
    }),
    encoderShareDifference: t.field({
      type: IntervalType,
      nullable: true,
      description:
        "Run − baseline on shared labelled inputs; null when one of them has no misclassified input.",
      resolve: ({ counts }) => pairedShareDifference(counts.joint, "ENCODER"),
    }),
    headShareDifference: t.field({
      type: IntervalType,
      nullable: true,
      description:
        "Run − baseline on shared labelled inputs; null when one of them has no misclassified input.",
      resolve: ({ counts }) => pairedShareDifference(counts.joint, "HEAD"),
    }),
    aurocDifference: t.float({
      nullable: true,
      description: "Run − baseline of the detectors' AUROC; null when one of them has none.",
      resolve: ({ run, baseline }) => {
        const [own, other] = [aurocInUse(run), aurocInUse(baseline)];
        return own && other ? own.value - other.value : null;
      },
    }),
    aurocPValue: t.float({
      nullable: true,
      description:
        "DeLong on shared inputs; null when not comparable: the two must judge the same answers (one model version on one dataset), with up to 250,000 inputs.",
      resolve: aurocPValue,
    }),
    regressions: t.connection(
      {
        type: VerdictType,
        description: "The run's verdicts of inputs that the baseline got right and the run gets wrong.",
        resolve: (difference, page, context) =>
          pairedPage(context, difference, regression, page, agreement(difference).onlyBaseline),
      },
      VerdictConnectionType,
      VerdictEdgeType,
    ),
    fixes: t.connection(
      {
        type: VerdictType,
        description: "The run's verdicts of inputs that the baseline got wrong and the run gets right.",
        resolve: (difference, page, context) =>
          pairedPage(context, difference, fix, page, agreement(difference).onlyRun),
      },
      VerdictConnectionType,
      VerdictEdgeType,
    ),
    differentialHeatmap: t.field({
      type: DifferentialHeatmapType,
      nullable: true,
      description:
        "Run − baseline, all classes or one true class, paired by input where possible; null unless both have the same axis.",
      args: { class: t.arg.string({ description: "A true class; all together when left out." }) },
      complexity: 50,
      resolve: versionDifferential,
    }),
  }),
});

async function aurocPValue(
  { run, baseline, counts }: DifferenceShape,
  _args: object,
  { pool }: Context,
): Promise<number | null> {
  const sameAnswers = run.modelVersionId === baseline.modelVersionId && run.datasetId === baseline.datasetId;
  if (!sameAnswers || counts.sharedInputs > mostScores) return null;
  const { joins, sql, parameters } = pairedCondition(run, baseline, "v.misclassified IS NOT NULL");
  const { rows } = await pool.query<{ own: number; other: number; defect: boolean }>(
    `SELECT v.score AS own, b.score AS other, v.misclassified AS defect FROM verdict v ${joins} WHERE ${sql}
     ORDER BY v.input_id`,
    parameters,
  );
  const defects = rows.filter(({ defect }) => defect).length;
  // The variance of either side needs two of a kind.
  if (defects < 2 || rows.length - defects < 2) return null;
  return compareAurocs(
    rows.map(({ own }) => own),
    rows.map(({ other }) => other),
    rows.map(({ defect }) => defect),
  ).pValue;
}

/** Most strengths of both sides together that are read for a paired differential: 64 MiB each. */
const mostStrengths = 2 ** 24;

async function versionDifferential(
  { run, baseline }: DifferenceShape,
  args: { class?: string | null },
  context: Context,
): Promise<DifferentialShape | null> {
  const [own, other] = [run.report, baseline.report];
  if (!own || !other || own.axis.join("\n") !== other.axis.join("\n")) return null;
  const index = args.class == null ? -1 : classIndex(run.modelVersion.classes, args.class, "class");
  const options = differentialOptions(run.configuration);
  const shape = (differential: DifferentialShape["differential"]): DifferentialShape => ({
    axis: own.axis,
    class: args.class ?? null,
    differential,
    datasetId: run.datasetId,
    named: detailsOf(own).responsibleConcepts,
  });
  if ((own.inputs + other.inputs) * own.axis.length <= mostStrengths) {
    const condition = index < 0 ? "TRUE" : `v.label = ${index}`;
    const { joins, sql, parameters } = pairedCondition(run, baseline, condition);
    const { rows } = await context.pool.query<{ own: number; other: number }>(
      `SELECT v.position AS own, b.position AS other FROM verdict v ${joins} WHERE ${sql} ORDER BY v.input_id`,
      parameters,
    );
    if (rows.length > 0) {
      const read = (report: typeof own) =>
        readStrengths(
          context.artifactStore,
          { sha256: report.strengthsSha256, inputs: report.inputs, concepts: report.axis.length },
          0,
          report.inputs,
        );
      const [strengths, baselineStrengths] = await Promise.all([read(own), read(other)]);
      return shape(
        pairedDifferentialHeatmap(
          selectRows(
            strengths,
            rows.map((row) => row.own),
          ),
          selectRows(
            baselineStrengths,
            rows.map((row) => row.other),
          ),
          undefined,
          options,
        ),
      );
    }
  }
  const [first, second] = await Promise.all(
    [run, baseline].map(({ id }) => readHeatmap(context, id, "GROUND_TRUTH", "ALL", index)),
  );
  return first && second ? shape(differentialHeatmap(first as HeatmapCounts, second, options)) : null;
}

const RunComparisonType = builder
  .objectRef<{ runs: ComparedRun[]; differences: DifferenceShape[] }>("RunComparison")
  .implement({
    description: "Runs side by side.",
    fields: (t) => ({
      runs: t.field({
        type: [RunType],
        description: "In the order that was asked for.",
        resolve: ({ runs }) => runs,
      }),
      differences: t.field({
        type: [RunDifferenceType],
        description:
          "Each run after the first against the first, on inputs that both evaluated (an attacked input is paired with its clean one).",
        resolve: ({ differences }) => differences,
      }),
      matrix: t.field({
        type: [ComparisonCellType],
        description: "Version × attack type over the compared runs.",
        resolve: ({ runs }) => runs,
      }),
    }),
  });

const comparedIds = z
  .array(z.string())
  .min(2, "Compare at least two runs.")
  .max(6, "Compare at most six runs.")
  .refine((ids) => new Set(ids).size === ids.length, "Name each run once.");

builder.queryField("compareRuns", (t) =>
  t.field({
    type: RunComparisonType,
    description: "Two to six runs side by side; paired statistics against the first on shared inputs.",
    errors: { types: [ValidationError, NotFoundError] },
    complexity: 100,
    args: { ids: t.arg.idList({ required: true, description: "The runs; the first is the baseline." }) },
    resolve: async (_root, { ids }, context) => {
      parse(comparedIds, ids, "ids");
      const known = await Promise.all(ids.map((id, i) => requireRun(context, id, `ids.${i}`)));
      const runs = await loadRuns(
        context,
        known.map(({ id }) => id),
      );
      for (const [i, run] of runs.entries()) {
        if (run.status !== "SUCCEEDED")
          throw ValidationError.of(
            `ids.${i}`,
            `The run "${run.name}" is ${run.status}. Compare runs that succeeded.`,
          );
        if (run.projectId !== runs[0].projectId)
          throw ValidationError.of(`ids.${i}`, "This run lies in another project than the first.");
      }
      const [baseline, ...others] = runs;
      const differences = await Promise.all(
        others.map(async (run) => ({ run, baseline, counts: await pairedCounts(context, run, baseline) })),
      );
      return { runs, differences };
    },
  }),
);
