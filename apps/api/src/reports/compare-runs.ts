import {
  compareAurocs,
  differentialHeatmap,
  type HeatmapCounts,
  mcNemarTest,
  pairedDifferentialHeatmap,
  pairedRiskDifference,
  selectRows,
} from "@faultline/core";
import { type Interval, queryPrepared } from "@faultline/db";
import { z } from "zod";
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { NotFoundError, parse, ValidationError } from "../errors.ts";
import { classIndex } from "../runs/class-index.ts";
import type { KnownRun } from "../runs/known-runs.ts";
import { detailsOf } from "../runs/report-details.ts";
import { requireRun } from "../runs/require-run.ts";
import { readStrengths } from "../runs/run-strengths.ts";
import { RunType } from "../runs/runs.ts";
import { type PageArguments, verdictPage } from "../verdicts/verdict-page.ts";
import { VerdictConnectionType, VerdictEdgeType, VerdictType } from "../verdicts/verdicts.ts";
import {
  DifferentialHeatmapType,
  type DifferentialShape,
  differentialOptions,
  readHeatmap,
} from "./heatmaps.ts";
import { IntervalType, interval, share } from "./intervals.ts";
import type { PairedCounts } from "./known-paired-counts.ts";
import { pairedShareDifference } from "./paired-shares.ts";
import { fix, pairedVerdicts, regression } from "./paired-verdicts.ts";

/** A run as comparisons show it. */
interface ComparedRun {
  run: KnownRun;
  /** Model and version. */
  modelVersion: string;
  /** Null for clean data. */
  attackType: string | null;
  cleanDatasetId: string | null;
  inputs: number;
  labelled: number;
  misclassified: number;
  encoderFaults: number;
  headFaults: number;
  undecidedFaults: number;
  strengthsSha256: string;
  /** The AUROC of the similarity that gave the run's verdicts; null where it was not measured. */
  detectorAuroc: Interval | null;
}

/** One statement for all runs, which have succeeded. */
async function comparedRuns({ pool }: Context, runs: KnownRun[]): Promise<ComparedRun[]> {
  const { rows } = await queryPrepared<Omit<ComparedRun, "run"> & { runId: string }>(
    pool,
    `SELECT a.run_id AS "runId", n.name || ' ' || m.name AS "modelVersion", t.name AS "attackType",
       d.clean_dataset_id AS "cleanDatasetId", a.inputs, a.labelled, a.misclassified,
       a.encoder_faults AS "encoderFaults", a.head_faults AS "headFaults", a.undecided_faults AS "undecidedFaults",
       a.strengths_sha256 AS "strengthsSha256",
       CASE WHEN k.detector IS NOT NULL
         THEN json_build_object('value', k.auroc, 'low', k.auroc_low, 'high', k.auroc_high) END AS "detectorAuroc"
     FROM run_report a
     JOIN run r ON r.id = a.run_id
     JOIN model_version m ON m.id = r.model_version_id
     JOIN model n ON n.id = m.model_id
     JOIN dataset d ON d.id = r.dataset_id
     LEFT JOIN attack_type t ON t.id = d.attack_type_id
     LEFT JOIN detector_metric k ON k.run_id = a.run_id AND k.detector = a.details #>> '{detector,similarity}'
     WHERE a.run_id = ANY ($1::uuid[])`,
    [runs.map(({ id }) => id)],
  );
  const found = new Map(rows.map((row) => [row.runId, row]));
  return runs.map((run) => ({ ...(found.get(run.id) as (typeof rows)[number]), run }));
}

const ComparisonCellType = builder.objectRef<ComparedRun>("ComparisonCell").implement({
  description: "One run in the matrix of version × attack type.",
  fields: (t) => ({
    run: t.expose("run", { type: RunType, description: "The run." }),
    modelVersion: t.exposeString("modelVersion", { description: "Model and version." }),
    attackType: t.exposeString("attackType", { nullable: true, description: "Null for clean data." }),
    accuracy: t.field({
      type: IntervalType,
      nullable: true,
      description: "Share of the labelled inputs that is correct.",
      resolve: ({ labelled, misclassified }) => share(labelled - misclassified, labelled),
    }),
    encoderShare: t.field({
      type: IntervalType,
      nullable: true,
      description: "Encoder faults among the misclassified inputs.",
      resolve: ({ encoderFaults, misclassified }) => share(encoderFaults, misclassified),
    }),
    headShare: t.field({
      type: IntervalType,
      nullable: true,
      description: "Head faults among the misclassified inputs.",
      resolve: ({ headFaults, misclassified }) => share(headFaults, misclassified),
    }),
    undecidedShare: t.field({
      type: IntervalType,
      nullable: true,
      description: "Undecided faults among the misclassified inputs.",
      resolve: ({ undecidedFaults, misclassified }) => share(undecidedFaults, misclassified),
    }),
    detectorAuroc: t.expose("detectorAuroc", {
      type: IntervalType,
      nullable: true,
      description: "AUROC of the similarity in use.",
    }),
  }),
});

interface DifferenceShape {
  compared: ComparedRun;
  reference: ComparedRun;
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
  { compared, reference }: DifferenceShape,
  condition: string,
  page: PageArguments,
  inputs: number,
) {
  const pairs = pairedVerdicts(compared, reference, condition);
  const found = await verdictPage(context, pairs, "INPUT", page, compared.run);
  return { ...found, totalCount: async () => inputs };
}

/** Most shared inputs whose scores are fetched for the DeLong test. */
const mostScores = 250_000;

const RunDifferenceType = builder.objectRef<DifferenceShape>("RunDifference").implement({
  description: "A run against the baseline, on the inputs that both evaluated.",
  fields: (t) => ({
    run: t.field({ type: RunType, description: "The run.", resolve: ({ compared }) => compared.run }),
    baseline: t.field({
      type: RunType,
      description: "The first of the compared runs.",
      resolve: ({ reference }) => reference.run,
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
      resolve: ({ compared: { detectorAuroc: own }, reference: { detectorAuroc: other } }) =>
        own && other && own.value - other.value,
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
  { compared, reference, counts }: DifferenceShape,
  _args: object,
  { pool }: Context,
): Promise<number | null> {
  const [own, other] = [compared.run, reference.run];
  const sameAnswers = own.modelVersionId === other.modelVersionId && own.datasetId === other.datasetId;
  if (!sameAnswers || counts.sharedInputs > mostScores) return null;
  const { from, sql, parameters } = pairedVerdicts(compared, reference, "v.misclassified IS NOT NULL");
  const { rows } = await pool.query<{ own: number; other: number; defect: boolean }>(
    `SELECT v.score AS own, b.score AS other, v.misclassified AS defect FROM ${from} WHERE ${sql}
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
  { compared, reference }: DifferenceShape,
  args: { class?: string | null },
  context: Context,
): Promise<DifferentialShape | null> {
  const { id, axis, classes, datasetId, configuration } = compared.run;
  if (axis.join("\n") !== reference.run.axis.join("\n")) return null;
  const index = args.class == null ? -1 : classIndex(classes, args.class, "class");
  const options = differentialOptions(configuration);
  const shape = async (differential: DifferentialShape["differential"]): Promise<DifferentialShape> => ({
    axis,
    class: args.class ?? null,
    differential,
    datasetId,
    named: (await namedConcepts(id, context)) ?? [],
  });
  if ((compared.inputs + reference.inputs) * axis.length <= mostStrengths) {
    const condition = index < 0 ? "TRUE" : `v.label = ${index}`;
    const { from, sql, parameters } = pairedVerdicts(compared, reference, condition);
    const { rows } = await context.pool.query<{ own: number; other: number }>(
      `SELECT v.position AS own, b.position AS other FROM ${from} WHERE ${sql} ORDER BY v.input_id`,
      parameters,
    );
    if (rows.length > 0) {
      const read = ({ strengthsSha256, inputs }: ComparedRun) =>
        readStrengths(
          context.artifactStore,
          { sha256: strengthsSha256, inputs, concepts: axis.length },
          0,
          inputs,
        );
      const [strengths, referenceStrengths] = await Promise.all([read(compared), read(reference)]);
      return shape(
        pairedDifferentialHeatmap(
          selectRows(
            strengths,
            rows.map(({ own }) => own),
          ),
          selectRows(
            referenceStrengths,
            rows.map(({ other }) => other),
          ),
          undefined,
          options,
        ),
      );
    }
  }
  const [first, second] = await Promise.all(
    [compared, reference].map(({ run }) => readHeatmap(context, run.id, "GROUND_TRUTH", "ALL", index)),
  );
  return first && second ? shape(differentialHeatmap(first as HeatmapCounts, second, options)) : null;
}

/** The responsible concepts of a run's report. */
async function namedConcepts(runId: string, { prisma }: Context) {
  const report = await prisma.runReport.findUnique({ where: { runId }, select: { details: true } });
  return report && detailsOf(report).responsibleConcepts;
}

const RunComparisonType = builder
  .objectRef<{ matrix: ComparedRun[]; differences: DifferenceShape[] }>("RunComparison")
  .implement({
    description: "Runs side by side.",
    fields: (t) => ({
      runs: t.field({
        type: [RunType],
        description: "In the order that was asked for.",
        resolve: ({ matrix }) => matrix.map(({ run }) => run),
      }),
      differences: t.expose("differences", {
        type: [RunDifferenceType],
        description:
          "Each run after the first against the first, on inputs that both evaluated (an attacked input is paired with its clean one).",
      }),
      matrix: t.expose("matrix", {
        type: [ComparisonCellType],
        description: "Version × attack type over the compared runs.",
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
      const runs = await Promise.all(ids.map((id, i) => requireRun(context, id, `ids.${i}`)));
      for (const [i, run] of runs.entries()) {
        if (run.status !== "SUCCEEDED")
          throw ValidationError.of(
            `ids.${i}`,
            `The run "${run.name}" is ${run.status}. Compare runs that succeeded.`,
          );
        if (run.projectId !== runs[0].projectId)
          throw ValidationError.of(`ids.${i}`, "This run lies in another project than the first.");
      }
      const matrix = await comparedRuns(context, runs);
      const [reference, ...others] = matrix;
      const differences = await Promise.all(
        others.map(async (compared) => ({
          compared,
          reference,
          counts: await context.pairedCounts.of(compared, reference),
        })),
      );
      return { matrix, differences };
    },
  }),
);
