import { compareAurocs, mcNemarTest, pairedRiskDifference } from "@faultline/core";
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { RunType } from "../runs/runs.ts";
import { type PageArguments, verdictPage } from "../verdicts/verdict-page.ts";
import { VerdictConnectionType, VerdictEdgeType, VerdictType } from "../verdicts/verdicts.ts";
import type { ComparedPair } from "./compared-runs.ts";
import { DifferentialHeatmapType } from "./heatmaps.ts";
import { IntervalType, known } from "./intervals.ts";
import { pairedShareDifference } from "./paired-shares.ts";
import { fix, pairedVerdicts, regression } from "./paired-verdicts.ts";
import { versionDifferential } from "./version-differential.ts";

/** Inputs by whether run and baseline are correct. */
function agreement({ counts }: ComparedPair) {
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
  { compared, reference }: ComparedPair,
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

export const RunDifferenceType = builder.objectRef<ComparedPair>("RunDifference").implement({
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
        return known(pairedRiskDifference(both, onlyRun, onlyBaseline, neither));
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
      args: {
        trueClass: t.arg.string({ description: "A true class; all together when left out." }),
        class: t.arg.string({ description: "The true class.", deprecationReason: "Use trueClass." }),
      },
      complexity: 50,
      resolve: (pair, args, context) =>
        versionDifferential(pair, args.trueClass ?? args.class ?? null, context),
    }),
  }),
});

async function aurocPValue(
  { compared, reference, counts }: ComparedPair,
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
