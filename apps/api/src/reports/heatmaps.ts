import {
  type Differential,
  decodeHeatmap,
  differentialHeatmap,
  emptyHeatmap,
  type HeatmapCounts,
  heatmapMeans,
  mergeHeatmaps,
  winRates,
} from "@faultline/core";
import { type ResponsibleConcept, runConfigurationSchema } from "@faultline/run";
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { HeatmapKindType, HeatmapSubsetType } from "../enums.ts";
import { classIndex } from "../runs/class-index.ts";
import { detailsOf } from "../runs/report-details.ts";
import { RunType } from "../runs/runs.ts";
import { ResponsibleConceptType, responsibleConceptsOf } from "./responsible-concepts.ts";

export type HeatmapKind = "GROUND_TRUTH" | "OUTPUT_LABEL";
export type HeatmapSubset = "ALL" | "CORRECT" | "INCORRECT" | "CLEAN";

/** Class index of the heatmap over all classes. */
const allClasses = -1;

/** One stored heatmap; null when no input fell into it. */
export async function readHeatmap(
  { prisma }: Context,
  runId: string,
  kind: HeatmapKind,
  subset: HeatmapSubset,
  index: number,
): Promise<HeatmapCounts | null> {
  const own = await prisma.heatmap.findUnique({
    where: { runId_kind_subset_classIndex: { runId, kind, subset, classIndex: index } },
  });
  const rows =
    own || index !== allClasses
      ? own
        ? [own]
        : []
      : await prisma.heatmap.findMany({ where: { runId, kind, subset } });
  if (rows.length === 0) return null;
  const heatmap = mergeHeatmaps(rows.map(({ counts }) => decodeHeatmap(counts)));
  return heatmap.inputs > 0 ? heatmap : null;
}

interface ClassArguments {
  class?: string | null;
  trueOrPredictedClass?: string | null;
}

/** The class that is asked for, and its index; of null, all classes together. */
function chosenClass(classes: readonly string[], args: ClassArguments) {
  const name = args.class ?? args.trueOrPredictedClass ?? null;
  const field = args.class == null ? "trueOrPredictedClass" : "class";
  return { name, index: name === null ? allClasses : classIndex(classes, name, field) };
}

interface HeatmapShape {
  kind: HeatmapKind;
  subset: HeatmapSubset;
  class: string | null;
  axis: string[];
  heatmap: HeatmapCounts;
}

const HeatmapType = builder.objectRef<HeatmapShape>("Heatmap").implement({
  description: "Values row-major; cell (i, j) is the share of inputs with strength i above strength j.",
  fields: (t) => ({
    kind: t.expose("kind", {
      type: HeatmapKindType,
      description: "What its inputs share.",
    }),
    subset: t.expose("subset", {
      type: HeatmapSubsetType,
      description: "Which of them.",
    }),
    class: t.exposeString("class", { nullable: true, description: "The class; null: all classes together." }),
    inputs: t.int({ description: "Inputs that it counts.", resolve: ({ heatmap }) => heatmap.inputs }),
    axis: t.exposeStringList("axis", { description: "Rows and columns." }),
    values: t.floatList({
      description: "C×C, row-major, each in [0, 1].",
      resolve: ({ heatmap }) => Array.from(heatmapMeans(heatmap)),
    }),
    counts: t.intList({
      description: "C×C, row-major, each 0..inputs.",
      resolve: ({ heatmap }) => Array.from(heatmap.counts),
    }),
  }),
});

interface ClassConceptShape {
  classes: string[];
  axis: string[];
  heatmaps: (HeatmapCounts | undefined)[];
}

const ClassConceptViewType = builder.objectRef<ClassConceptShape>("ClassConceptView").implement({
  description: "Win rate of each concept in each class: row-major, classes × concepts.",
  fields: (t) => ({
    classes: t.exposeStringList("classes", { description: "Rows." }),
    axis: t.exposeStringList("axis", { description: "Columns." }),
    inputs: t.intList({
      description: "Inputs of each class.",
      resolve: ({ heatmaps }) => heatmaps.map((heatmap) => heatmap?.inputs ?? 0),
    }),
    values: t.floatList({
      nullable: { list: false, items: true },
      description:
        "Mean over the other concepts of the share of inputs where this one is stronger; null where a class has no input.",
      resolve: ({ heatmaps, axis }) =>
        heatmaps.flatMap((heatmap): (number | null)[] =>
          heatmap && heatmap.inputs > 0 ? Array.from(winRates(heatmap)) : axis.map(() => null),
        ),
    }),
  }),
});

export interface DifferentialShape {
  axis: string[];
  class: string | null;
  differential: Differential;
  /** Where example inputs are found, and concepts of the report whose examples are taken over. */
  datasetId: string;
  named: readonly ResponsibleConcept[];
}

export const DifferentialHeatmapType = builder.objectRef<DifferentialShape>("DifferentialHeatmap").implement({
  description: "One heatmap minus another; row-major over axis × axis, null where a cell was not tested.",
  fields: (t) => ({
    axis: t.exposeStringList("axis", { description: "Rows and columns." }),
    class: t.exposeString("class", { nullable: true, description: "The class; null: all classes together." }),
    minuendInputs: t.int({
      description: "Inputs of the first side.",
      resolve: (d) => d.differential.first.inputs,
    }),
    subtrahendInputs: t.int({
      description: "Inputs of the second side.",
      resolve: (d) => d.differential.second.inputs,
    }),
    differences: t.floatList({
      nullable: true,
      description: "First − second, each in [-1, 1]; null where a side has no inputs.",
      resolve: ({ differential: { first, second, differences } }) =>
        first.inputs > 0 && second.inputs > 0 ? Array.from(differences) : null,
    }),
    qValues: t.floatList({
      nullable: { list: false, items: true },
      description: "Benjamini-Hochberg over the tested cells.",
      resolve: (d) => Array.from(d.differential.qValues, (q) => (Number.isNaN(q) ? null : q)),
    }),
    minuendCounts: t.intList({
      description: "Counts of the first side.",
      resolve: (d) => Array.from(d.differential.first.counts),
    }),
    subtrahendCounts: t.intList({
      description: "Counts of the second side.",
      resolve: (d) => Array.from(d.differential.second.counts),
    }),
    testedCells: t.int({
      description: "Cells with enough inputs for a test.",
      resolve: (d) => d.differential.testedCells,
    }),
    significantCells: t.int({
      description: "Tested cells with a q-value up to the level.",
      resolve: (d) => d.differential.significantCells,
    }),
    significanceLevel: t.float({
      description: "Largest q-value of a significant cell.",
      resolve: (d) => d.differential.falseDiscoveryRate,
    }),
    responsibleConcepts: t.field({
      type: [ResponsibleConceptType],
      description: "Concepts of the significant cells, largest effect first; effects are second − first.",
      resolve: ({ differential, axis, datasetId, named }) =>
        responsibleConceptsOf(differential, axis, datasetId, named),
    }),
  }),
});

/** What the heatmap fields need of a run. */
export const heatmapSelection = {
  id: true,
  datasetId: true,
  configuration: true,
  modelVersion: { select: { classes: true } },
  report: { select: { axis: true, details: true } },
} as const;

/** Which cells a run tests, and at which level. */
export function differentialOptions(configuration: unknown) {
  const { minimumCellInputs, significanceLevel } = runConfigurationSchema.parse(configuration);
  return {
    minimumInputs: minimumCellInputs,
    minimumCount: minimumCellInputs,
    falseDiscoveryRate: significanceLevel,
  };
}

builder.prismaObjectFields(RunType, (t) => ({
  heatmap: t.field({
    type: HeatmapType,
    nullable: true,
    description: "Pair counts as means; null when the run has no such subset (no input fell into it).",
    args: {
      kind: t.arg({ type: HeatmapKindType, required: true, description: "What the inputs share." }),
      subset: t.arg({
        type: HeatmapSubsetType,
        required: true,
        defaultValue: "ALL",
        description: "Which of them.",
      }),
      class: t.arg.string({
        description: "A true or predicted class, as the kind says; all together when left out.",
      }),
      trueOrPredictedClass: t.arg.string({ description: "The class.", deprecationReason: "Use class." }),
    },
    complexity: 10,
    select: heatmapSelection,
    resolve: async ({ id, modelVersion, report }, args, context) => {
      const { name, index } = chosenClass(modelVersion.classes, args);
      const heatmap = report && (await readHeatmap(context, id, args.kind, args.subset, index));
      if (!report || !heatmap) return null;
      return { ...args, class: name, axis: report.axis, heatmap };
    },
  }),
  classConceptView: t.field({
    type: ClassConceptViewType,
    nullable: true,
    description: "Win rate of each concept in each class; null until the run succeeded.",
    args: {
      kind: t.arg({
        type: HeatmapKindType,
        required: true,
        defaultValue: "GROUND_TRUTH",
        description: "What the inputs of a class share.",
      }),
      subset: t.arg({
        type: HeatmapSubsetType,
        required: true,
        defaultValue: "ALL",
        description: "Which of them.",
      }),
    },
    complexity: 10,
    select: heatmapSelection,
    resolve: async ({ id, modelVersion, report }, { kind, subset }, { prisma }) => {
      if (!report) return null;
      const rows = await prisma.heatmap.findMany({
        where: { runId: id, kind, subset, classIndex: { gte: 0 } },
      });
      const byClass = new Map(rows.map((row) => [row.classIndex, decodeHeatmap(row.counts)]));
      const { classes } = modelVersion;
      return { classes, axis: report.axis, heatmaps: classes.map((_, index) => byClass.get(index)) };
    },
  }),
  differentialHeatmap: t.field({
    type: DifferentialHeatmapType,
    nullable: true,
    description:
      "One heatmap minus another: by default correct − incorrect of the class (all classes when null). Null until the run succeeded.",
    args: {
      kind: t.arg({
        type: HeatmapKindType,
        required: true,
        defaultValue: "GROUND_TRUTH",
        description: "What the inputs share.",
      }),
      class: t.arg.string({
        description: "A true or predicted class, as the kind says; all together when left out.",
      }),
      trueOrPredictedClass: t.arg.string({ description: "The class.", deprecationReason: "Use class." }),
      minuend: t.arg({
        type: HeatmapSubsetType,
        required: true,
        defaultValue: "CORRECT",
        description: "First side.",
      }),
      subtrahend: t.arg({
        type: HeatmapSubsetType,
        required: true,
        defaultValue: "INCORRECT",
        description: "Second side.",
      }),
    },
    complexity: 20,
    select: heatmapSelection,
    resolve: async ({ id, datasetId, configuration, modelVersion, report }, args, context) => {
      if (!report) return null;
      const { name, index } = chosenClass(modelVersion.classes, args);
      const [first, second] = await Promise.all([
        readHeatmap(context, id, args.kind, args.minuend, index),
        readHeatmap(context, id, args.kind, args.subtrahend, index),
      ]);
      if (!first && !second) return null;
      const empty = emptyHeatmap(report.axis.length);
      const details = detailsOf(report);
      const named =
        index === allClasses
          ? details.responsibleConcepts
          : (details.responsibleConceptsByClass.find((entry) => entry.classIndex === index)?.concepts ?? []);
      return {
        axis: report.axis,
        class: name,
        differential: differentialHeatmap(
          first ?? empty,
          second ?? empty,
          differentialOptions(configuration),
        ),
        datasetId,
        named,
      };
    },
  }),
}));
