import {
  type Detector,
  type HeatmapCounts,
  heatmapMeans,
  type Matrix,
  mergeHeatmaps,
  singleInputHeatmap,
} from "@faultline/core";
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { InputType } from "../datasets/inputs.ts";
import { inputsById } from "../datasets/inputs-by-id.ts";
import {
  type CalibratedRun,
  detectorSelection,
  readCalibration,
  runDetector,
} from "../detectors/run-detector.ts";
import { NotFoundError } from "../errors.ts";
import { partRows, readStrengths, type StoredStrengths } from "../runs/run-strengths.ts";
import type { VerdictRow } from "./verdict-page.ts";
import { VerdictType } from "./verdicts.ts";

interface Nearest {
  inputId: string;
  distance: number;
  predictedClass: string;
  misclassified: boolean | null;
}

interface ExplanationShape {
  row: VerdictRow;
  /** Null when calibration had no errors to learn from: then every verdict is OK. */
  detector: Detector | null;
  strengths: Float32Array;
  vlmStrengths: Float32Array;
  /** The run's strengths, for what is computed over all inputs. */
  stored: StoredStrengths;
  run: CalibratedRun & { datasetId: string; dataset: { cleanDatasetId: string | null } };
}

const NearestInputType = builder.objectRef<Nearest>("NearestInput").implement({
  description: "An input with alike strengths.",
  fields: (t) => ({
    input: t.loadable({
      type: InputType,
      description: "The input.",
      load: (ids: string[], context: Context) => inputsById(ids, context),
      resolve: ({ inputId }) => inputId,
    }),
    distance: t.exposeFloat("distance", { description: "Euclidean distance of the strengths." }),
    predictedClass: t.exposeString("predictedClass", {
      nullable: true,
      description: "The classifier's answer.",
    }),
    misclassified: t.exposeBoolean("misclassified", { nullable: true, description: "Null without a label." }),
  }),
});

/** The references that an input of this predicted class is judged by; null without a detector. */
function referencesOf({ detector, row: { predicted } }: ExplanationShape) {
  if (!detector) return null;
  const { model } = detector;
  const { correct, incorrect } = model.references[predicted];
  const own = (counts: HeatmapCounts) => counts.inputs >= model.minimumInputs;
  const pooled = (side: "correct" | "incorrect") =>
    mergeHeatmaps(model.references.map((reference) => reference[side]));
  return {
    correct: own(correct) ? correct : pooled("correct"),
    incorrect: own(incorrect) ? incorrect : pooled("incorrect"),
    isPooled: !own(correct) || !own(incorrect),
  };
}

function meansOf(heatmap: HeatmapCounts | undefined): number[] | null {
  return heatmap ? Array.from(heatmapMeans(heatmap)) : null;
}

function similarityTo(side: "Correct" | "Incorrect", { detector, strengths, row }: ExplanationShape) {
  return detector?.checkStrengths(strengths, row.predicted)[`similarityTo${side}`] ?? null;
}

const VerdictExplanationType = builder.objectRef<ExplanationShape>("VerdictExplanation").implement({
  description: "Everything behind the verdict of one input.",
  fields: (t) => ({
    axis: t.stringList({ description: "The phrases.", resolve: ({ row }) => [...row.names.axis] }),
    strengths: t.floatList({
      description: "Strengths of a(x), one an axis entry.",
      resolve: ({ strengths }) => Array.from(strengths),
    }),
    vlmStrengths: t.floatList({
      description: "The VLM's own strengths, one an axis entry.",
      resolve: ({ vlmStrengths }) => Array.from(vlmStrengths),
    }),
    correctMeanStrengths: t.floatList({
      nullable: { list: true, items: true },
      description:
        "Mean strengths of the predicted class's correct inputs in this run; null when there are none.",
      complexity: 20,
      resolve: (explanation, _args, context) => meanStrengths(explanation, false, context),
    }),
    incorrectMeanStrengths: t.floatList({
      nullable: { list: true, items: true },
      description:
        "Mean strengths of the inputs wrongly predicted as this class in this run; null when there are none.",
      complexity: 20,
      resolve: (explanation, _args, context) => meanStrengths(explanation, true, context),
    }),
    heatmap: t.intList({
      description: "Single-input heatmap, C×C row-major, 0 or 1.",
      resolve: ({ strengths }) => Array.from(singleInputHeatmap(strengths).counts),
    }),
    correctReference: t.floatList({
      nullable: true,
      description:
        "Reference of correct behaviour of the predicted class, C×C row-major; null without a detector.",
      resolve: (explanation) => meansOf(referencesOf(explanation)?.correct),
    }),
    incorrectReference: t.floatList({
      nullable: true,
      description:
        "Reference of incorrect behaviour of the predicted class, C×C row-major; null without a detector.",
      resolve: (explanation) => meansOf(referencesOf(explanation)?.incorrect),
    }),
    pooledReference: t.boolean({
      nullable: true,
      description:
        "Whether the class had too few calibration inputs of its own, so that a pooled reference was used; null without a detector.",
      resolve: (explanation) => referencesOf(explanation)?.isPooled,
    }),
    similarityToCorrect: t.float({
      nullable: true,
      description: "Of the input's heatmap and the correct reference; null without a detector.",
      resolve: (explanation) => similarityTo("Correct", explanation),
    }),
    similarityToIncorrect: t.float({
      nullable: true,
      description: "Of the input's heatmap and the incorrect reference; null without a detector.",
      resolve: (explanation) => similarityTo("Incorrect", explanation),
    }),
    sentence: t.string({ description: "One sentence.", resolve: sentence }),
    nearestInputs: t.field({
      type: [NearestInputType],
      description: "Calibration inputs with the most alike strengths, at most five.",
      complexity: 20,
      resolve: nearestInputs,
    }),
  }),
});

builder.objectField(VerdictType, "explanation", (t) =>
  t.field({
    type: VerdictExplanationType,
    description: "Everything behind the verdict of this one input.",
    complexity: 10,
    resolve: explain,
  }),
);

async function explain(
  row: VerdictRow,
  _args: object,
  { prisma, artifactStore }: Context,
): Promise<ExplanationShape> {
  const run = await prisma.run.findUniqueOrThrow({
    where: { id: row.runId },
    select: {
      ...detectorSelection,
      datasetId: true,
      dataset: { select: { cleanDatasetId: true } },
      report: {
        select: {
          ...detectorSelection.report.select,
          inputs: true,
          strengthsSha256: true,
          vlmStrengthsSha256: true,
        },
      },
    },
  });
  const { report } = run;
  if (!report) throw new NotFoundError("run", "The run has no report yet.");
  const stored = { sha256: report.strengthsSha256, inputs: report.inputs, concepts: report.axis.length };
  const [own, vlm, detector] = await Promise.all([
    readStrengths(artifactStore, stored, row.position, 1),
    readStrengths(artifactStore, { ...stored, sha256: report.vlmStrengthsSha256 }, row.position, 1),
    runDetector(artifactStore, run),
  ]);
  return { row, detector, strengths: own.data, vlmStrengths: vlm.data, stored, run };
}

/** Calls `visit` with every row of strengths, in order, in parts of a few MiB. */
async function eachStrengths(
  { stored }: ExplanationShape,
  { artifactStore }: Context,
  visit: (position: number, strengths: Float32Array) => void,
): Promise<void> {
  const part = partRows(stored.concepts);
  for (let first = 0; first < stored.inputs; first += part) {
    const rows: Matrix = await readStrengths(
      artifactStore,
      stored,
      first,
      Math.min(part, stored.inputs - first),
    );
    for (let i = 0; i < rows.rows; i++)
      visit(first + i, rows.data.subarray(i * stored.concepts, (i + 1) * stored.concepts));
  }
}

async function meanStrengths(
  explanation: ExplanationShape,
  misclassified: boolean,
  context: Context,
): Promise<number[] | null> {
  const { row, stored } = explanation;
  const { rows } = await context.pool.query<{ position: number }>(
    "SELECT position FROM verdict WHERE run_id = $1 AND predicted_class = $2 AND misclassified = $3",
    [row.runId, row.predicted, misclassified],
  );
  if (rows.length === 0) return null;
  const wanted = new Set(rows.map(({ position }) => position));
  const sums = new Float64Array(stored.concepts);
  await eachStrengths(explanation, context, (position, strengths) => {
    if (wanted.has(position)) for (let c = 0; c < sums.length; c++) sums[c] += strengths[c];
  });
  return Array.from(sums, (sum) => sum / wanted.size);
}

const nearestCount = 5;

/** The calibration inputs whose strengths lie nearest, by Euclidean distance; never the input itself. */
async function nearestInputs(
  { strengths, row, run }: ExplanationShape,
  _args: object,
  { prisma, artifactStore }: Context,
): Promise<Nearest[]> {
  if (!run.report) return [];
  const calibration = await readCalibration(artifactStore, run.report);
  const { columns, data } = calibration.strengths;
  const ranked = calibration.positions
    .map((position, i) => {
      let square = 0;
      for (let c = 0; c < columns; c++) square += (data[i * columns + c] - strengths[c]) ** 2;
      return { position, i, square };
    })
    .sort((a, b) => a.square - b.square)
    .slice(0, nearestCount + 1);
  const inputs = await prisma.input.findMany({
    where: {
      datasetId: run.dataset.cleanDatasetId ?? run.datasetId,
      position: { in: ranked.map(({ position }) => position) },
    },
    select: { id: true, position: true },
  });
  const idOf = new Map(inputs.map(({ id, position }) => [position, String(id)]));
  return ranked
    .flatMap(({ position, i, square }) => {
      const inputId = idOf.get(position);
      if (inputId === undefined || inputId === row.inputId) return [];
      const predicted = calibration.predictions[i];
      return [
        {
          inputId,
          distance: Math.sqrt(square),
          predictedClass: row.names.classes[predicted],
          misclassified: calibration.labels[i] !== predicted,
        },
      ];
    })
    .slice(0, nearestCount);
}

function sentence({ row, detector, strengths }: ExplanationShape): string {
  const { names, predicted, predictedClass: label, verdict } = row;
  if (!detector) return `The answer "${label}" could not be judged: calibration had no errors to learn from.`;
  const [cell] = detector.explain(strengths, predicted, 1);
  const share = (mean: number) => `${Math.round(100 * mean)} %`;
  const sign =
    cell &&
    `"${names.axis[cell.stronger]}" is stronger than "${names.axis[cell.weaker]}" here, as in ` +
      `${share(cell.incorrectMean)} of its known errors and ${share(cell.correctMean)} of its correct answers.`;
  if (verdict === "DEFECT")
    return `The answer "${label}" looks like an error: ${sign ?? "no pair of concepts alone says why."}`;
  return sign
    ? `The answer "${label}" is not called an error. What speaks most for one: ${sign}`
    : `The answer "${label}" looks like its correct ones: no pair of concepts speaks for an error.`;
}
