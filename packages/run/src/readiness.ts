import { prompts } from "@faultline/core";
import type { RunConfiguration } from "./configuration.ts";

/** What a run is made of, as far as its readiness goes. */
export interface RunParts {
  modelVersion: {
    classes: readonly string[];
    embeddingWidth: number;
    encoderSha256: string | null;
    headSha256: string | null;
  };
  visionLanguageModel: {
    name: string;
    embeddingWidth: number;
    imageTowerSha256: string | null;
    textTowerSha256: string | null;
    /** Phrases whose text embeddings were brought. */
    phrases: readonly string[];
  };
  conceptSet: { phrases: readonly string[]; templates: readonly string[] };
  /** The run's own, and, where that is an attacked one, the clean one. */
  datasets: readonly RunDataset[];
}

export interface RunDataset {
  name: string;
  status: "INGESTING" | "READY" | "FAILED";
  error: string | null;
  classes: readonly string[];
  inputCount: number;
  /** External id of an input without an image; null when all have one. */
  imageless: string | null;
  /** The matrices that were brought of this dataset for the run's model version and VLM. */
  brought: readonly { kind: string; rows: number; columns: number }[];
}

/** Something that keeps a run from succeeding: which part is to be changed, and why and how. */
export interface Obstacle {
  part: "modelVersion" | "visionLanguageModel" | "conceptSet" | "dataset";
  message: string;
}

/** Class heatmaps of a run take classes × axis² counts, some ten times over; this keeps a worker under 1 GB. */
export const maximumHeatmapCells = 15_000_000;

/** Names that a sentence lists at most. */
const namesShown = 10;

/**
 * Everything that is known to keep a run from succeeding before any input is read. The API asks before it accepts a
 * run, the worker before it plans one, since parts may have been deleted or added meanwhile.
 */
export function findObstacles(parts: RunParts, configuration: RunConfiguration): Obstacle[] {
  const unread = parts.datasets.flatMap(unreadDataset);
  // Nothing else is known of a dataset that is not read.
  if (unread.length > 0) return unread;
  return [
    ...axisObstacles(parts, configuration),
    ...parts.datasets.flatMap((dataset) => [
      ...classObstacles(parts, dataset),
      ...matrixObstacles(parts, dataset),
    ]),
    ...phraseObstacles(parts),
  ];
}

function unreadDataset({ name, status, error }: RunDataset): Obstacle[] {
  if (status === "READY") return [];
  const message =
    status === "INGESTING"
      ? `Dataset "${name}" is still being read. Wait until its status is READY.`
      : `Dataset "${name}" could not be read: ${error ?? "unknown reason"}`;
  return [{ part: "dataset", message }];
}

function axisObstacles(
  { modelVersion, conceptSet }: RunParts,
  { includeClassConcepts }: RunConfiguration,
): Obstacle[] {
  const { classes } = modelVersion;
  const axis = new Set([...conceptSet.phrases, ...(includeClassConcepts ? classes : [])]);
  if (axis.size < 2)
    return [
      {
        part: "conceptSet",
        message: `The axis has ${axis.size} entry: strengths are compared in pairs, so a run needs at least 2 concepts (classes may count, see includeClassConcepts).`,
      },
    ];
  const cells = classes.length * axis.size ** 2;
  if (cells <= maximumHeatmapCells) return [];
  return [
    {
      part: "conceptSet",
      message: `${classes.length} classes and ${axis.size} concepts make ${cells} heatmap cells, ${maximumHeatmapCells} are the limit: use fewer concepts, or set includeClassConcepts to false.`,
    },
  ];
}

function classObstacles({ modelVersion }: RunParts, { name, classes }: RunDataset): Obstacle[] {
  const unknown = classes.filter((label) => !modelVersion.classes.includes(label));
  if (unknown.length === 0) return [];
  return [
    {
      part: "dataset",
      message: `The model version has no class ${listed(unknown)} of dataset "${name}". It has: ${listed(modelVersion.classes)}. Rename the dataset's classes.`,
    },
  ];
}

/** For each kind of matrix: it was brought in the right shape, or can be computed from what there is. */
function matrixObstacles(parts: RunParts, dataset: RunDataset): Obstacle[] {
  const { modelVersion, visionLanguageModel } = parts;
  const { name, inputCount, imageless, brought } = dataset;
  const ofKind = (kind: string) => brought.find((matrix) => matrix.kind === kind);
  const obstacles: Obstacle[] = [];
  const need = (
    part: Obstacle["part"],
    kind: string,
    what: string,
    columns: number,
    missing: string | null,
  ) => {
    const matrix = ofKind(kind);
    if (matrix && (matrix.rows !== inputCount || matrix.columns !== columns))
      obstacles.push({
        part: "dataset",
        message: `The brought ${what} of dataset "${name}" are ${matrix.rows}×${matrix.columns}, but ${inputCount}×${columns} are needed: bring them again with addEmbeddingSet (${kind}).`,
      });
    if (!matrix && missing !== null)
      obstacles.push({
        part,
        message: `Dataset "${name}" has no ${what}: ${missing}, so bring them with addEmbeddingSet (${kind}).`,
      });
  };
  const noImage = imageless === null ? null : `its input "${imageless}" has no image`;
  const encoder = modelVersion.encoderSha256 ? noImage : "the model version has no encoder";
  need("modelVersion", "EMBEDDING", "embeddings", modelVersion.embeddingWidth, encoder);
  const head = modelVersion.headSha256 ? null : "the model version has no head";
  need("modelVersion", "LOGITS", "logits", modelVersion.classes.length, head);
  const tower = visionLanguageModel.imageTowerSha256 ? noImage : "the VLM has no image tower";
  const { embeddingWidth } = visionLanguageModel;
  need("visionLanguageModel", "IMAGE_EMBEDDING", "VLM image embeddings", embeddingWidth, tower);
  return obstacles;
}

/** Without a text tower a phrase needs an embedding of its own, or one of each of its prompts. */
function phraseObstacles({ modelVersion, visionLanguageModel, conceptSet }: RunParts): Obstacle[] {
  const { name, textTowerSha256 } = visionLanguageModel;
  if (textTowerSha256 !== null) return [];
  const known = new Set(visionLanguageModel.phrases);
  const phrases = [...new Set([...conceptSet.phrases, ...modelVersion.classes])];
  const missing = phrases.filter(
    (phrase) =>
      !known.has(phrase) && !prompts(phrase, conceptSet.templates).every((prompt) => known.has(prompt)),
  );
  if (missing.length === 0) return [];
  return [
    {
      part: "visionLanguageModel",
      message: `The VLM "${name}" has no text tower, and no text embeddings were brought for ${missing.length} of ${phrases.length} phrases (${listed(missing)}): bring them with addPhraseEmbeddings.`,
    },
  ];
}

function listed(names: readonly string[]): string {
  const shown = names
    .slice(0, namesShown)
    .map((name) => `"${name}"`)
    .join(", ");
  return names.length > namesShown ? `${shown} and ${names.length - namesShown} more` : shown;
}
