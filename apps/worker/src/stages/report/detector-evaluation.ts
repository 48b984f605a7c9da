import {
  type CalibrationInput,
  calibrateDetector,
  type Detector,
  detectionMetrics,
  emptyVerdict,
  fitMahalanobis,
  fitNearestNeighbours,
  holdsBothKinds,
  type Matrix,
  type MetricIntervals,
  mahalanobisScores,
  type Ranking,
  ranking,
  riskCoverageCurve,
  rocCurve,
  SIMILARITIES,
  type Similarity,
  selectRows,
  VERDICT_CONCEPTS,
} from "@faultline/core";
import { bootstrapMetricsParallel, nearestNeighboursParallel } from "@faultline/core/parallel";
import { detectorOptions, type MeasuredDetector, type RunConfiguration } from "@faultline/run";
import type { RunRows } from "./run-rows.ts";
import { sample } from "./sample.ts";

/** Inputs that the metrics are measured on, and embeddings that baselines are fitted to, at most. */
const metricInputs = 20_000;
const baselineInputs = 2_500;

/** The detectors of a run; null when the calibration inputs cannot make any. */
export type CalibratedDetectors = Record<Similarity, Detector> | null;

/**
 * One detector a similarity, from the calibration rows. Null without correct or without incorrect calibration
 * inputs: then there is no behaviour to compare with.
 */
export function calibrateDetectors(
  calibration: CalibrationInput,
  configuration: RunConfiguration,
): CalibratedDetectors {
  if (!holdsBothKinds(calibration)) return null;
  const options = detectorOptions(configuration);
  return Object.fromEntries(
    SIMILARITIES.map((similarity) => [
      similarity,
      calibrateDetector(calibration, { ...options, similarity }),
    ]),
  ) as Record<Similarity, Detector>;
}

/** The detector's answers for rows of a run; entry i belongs to rows[i]. */
export interface Judgements {
  defect: Uint8Array;
  score: Float64Array;
  threshold: Float64Array;
  /** VERDICT_CONCEPTS axis indices a row, strongest first; -1 where the axis is shorter. */
  concepts: Int16Array;
}

/** Above every score, and still a number that JSON and the database can hold. */
export const noThreshold = Number.MAX_VALUE;

/** Judges rows by a detector; without one every input is OK. */
export async function judge(
  rows: RunRows,
  chosen: Uint32Array,
  detector: Detector | null,
  signal: AbortSignal,
): Promise<Judgements> {
  const judged: Judgements = {
    defect: new Uint8Array(chosen.length),
    score: new Float64Array(chosen.length),
    threshold: new Float64Array(chosen.length).fill(noThreshold),
    concepts: new Int16Array(chosen.length * VERDICT_CONCEPTS).fill(-1),
  };
  if (!detector) return judged;
  const verdict = emptyVerdict();
  let at = 0;
  for await (const { rows: part, values } of rows.strengths(chosen)) {
    signal.throwIfAborted();
    for (const [i, row] of part.entries()) {
      const strengths = values.data.subarray(i * values.columns, (i + 1) * values.columns);
      detector.checkStrengths(strengths, rows.columns.predicted[row], verdict);
      judged.defect[at] = verdict.verdict === "DEFECT" ? 1 : 0;
      judged.score[at] = verdict.score;
      judged.threshold[at] = Math.min(noThreshold, verdict.threshold);
      for (const [rank, { concept }] of verdict.concepts.entries())
        judged.concepts[at * VERDICT_CONCEPTS + rank] = concept;
      at++;
    }
  }
  return judged;
}

/** What detectors are measured on: rows of a run (ascending) and which of them are defects. */
export interface MeasuredInputs {
  rows: Uint32Array;
  defects: Uint8Array;
  positives: string;
  negatives: string;
}

/**
 * Clean runs: misclassified inputs against correctly classified ones. Attacked runs: attacked inputs that are
 * misclassified against clean originals that are classified correctly.
 */
export function measuredInputs(rows: RunRows, attacked: boolean): MeasuredInputs {
  const { label, predicted } = rows.columns;
  const wrong = rows.evaluated.filter((row) => label[row] >= 0 && label[row] !== predicted[row]);
  const soundOnes = attacked ? rows.counterparts : rows.evaluated;
  const right = soundOnes.filter((row) => label[row] === predicted[row]);
  const isWrong = new Set(wrong);
  const all = merge(wrong, right);
  return {
    rows: all,
    defects: Uint8Array.from(all, (row) => (isWrong.has(row) ? 1 : 0)),
    positives: attacked ? "attacked inputs that are misclassified" : "misclassified inputs",
    negatives: attacked ? "clean originals that are classified correctly" : "correctly classified inputs",
  };
}

function merge(a: Uint32Array, b: Uint32Array): Uint32Array {
  const merged = new Uint32Array(a.length + b.length);
  merged.set(a);
  merged.set(b, a.length);
  return merged.sort();
}

/** At most `metricInputs` of them, drawn by the seed. */
export function sampledInputs(measured: MeasuredInputs, seed: number): MeasuredInputs {
  const index = sample(Uint32Array.from(measured.rows.keys()), metricInputs, seed);
  return {
    ...measured,
    rows: index.map((i) => measured.rows[i]),
    defects: Uint8Array.from(index, (i) => measured.defects[i]),
  };
}

/** What the scores of a row are computed with. */
export interface FittedDetectors {
  detectors: CalibratedDetectors;
  /** Row numbers (ascending) of correctly classified inputs that the embedding baselines are fitted to. */
  baselineRows: Uint32Array;
}

/** Scores of every similarity and baseline, by name, for the given rows; higher = more likely a defect. */
export async function scoreDetectors(
  rows: RunRows,
  scored: Uint32Array,
  { detectors, baselineRows }: FittedDetectors,
  classes: number,
  seed: number,
  signal: AbortSignal,
): Promise<Record<string, Float64Array>> {
  const { columns } = rows;
  const take = (values: Float64Array) => Float64Array.from(scored, (row) => values[row]);
  const fitting = sample(baselineRows, baselineInputs, seed);
  // The nearest neighbours are found on another core meanwhile.
  const [baselines, similarities] = await Promise.all([
    embeddingBaselines(rows, scored, fitting, classes, signal),
    similarityScores(rows, scored, detectors, signal),
  ]);
  return {
    msp: take(columns.msp),
    entropy: take(columns.entropy),
    gen: take(columns.gen),
    energy: take(columns.energy),
    "vlm-disagreement": take(columns.vlmDisagreement),
    ...similarities,
    ...baselines,
  };
}

async function similarityScores(
  rows: RunRows,
  scored: Uint32Array,
  detectors: CalibratedDetectors,
  signal: AbortSignal,
): Promise<Record<string, Float64Array>> {
  const scores: Record<string, Float64Array> = {};
  if (detectors)
    for (const similarity of SIMILARITIES)
      scores[similarity] = (await judge(rows, scored, detectors[similarity], signal)).score;
  return scores;
}

/** Mahalanobis and k-NN on the encoder's embeddings; without them where nothing can be fitted. */
async function embeddingBaselines(
  rows: RunRows,
  scored: Uint32Array,
  fitting: Uint32Array,
  classes: number,
  signal: AbortSignal,
): Promise<Record<string, Float64Array>> {
  if (fitting.length < 2 || scored.length === 0) return {};
  const embeddings = await rows.gatherEmbeddings(fitting);
  const labels = Array.from(fitting, (row) => rows.columns.label[row]);
  const gaussians = variesWithinClasses(embeddings, labels)
    ? fitMahalanobis(embeddings, labels, classes)
    : null;
  const mahalanobis = new Float64Array(scored.length);
  const batches = async function* () {
    let at = 0;
    for await (const { values } of rows.embeddings(scored)) {
      signal.throwIfAborted();
      yield values;
      if (gaussians) mahalanobis.set(mahalanobisScores(gaussians, values), at);
      at += values.rows;
    }
  };
  const knn = await nearestNeighboursParallel(fitNearestNeighbours(embeddings), batches());
  return gaussians ? { mahalanobis, knn } : { knn };
}

/** Whether some class has two different embeddings: without that a covariance has nothing to measure. */
function variesWithinClasses(embeddings: Matrix, labels: readonly number[]): boolean {
  const firstOf = new Map<number, Float32Array>();
  for (let i = 0; i < embeddings.rows; i++) {
    const own = selectRows(embeddings, [i]).data;
    const first = firstOf.get(labels[i]);
    if (!first) firstOf.set(labels[i], own);
    else if (own.some((value, j) => value !== first[j])) return true;
  }
  return false;
}

/**
 * Metrics of each detector's scores with bootstrap intervals and thinned curves. Needs a defect and a sound input.
 * The bootstrap runs on a thread of its own; the same inputs are drawn for every call with the same seed.
 *
 * @param semantic names of the detectors that judge by concepts
 */
export async function measure(
  scores: Readonly<Record<string, Float64Array>>,
  semantic: ReadonlySet<string>,
  defects: Uint8Array,
  configuration: RunConfiguration,
): Promise<MeasuredDetector[]> {
  const rankings = Object.values(scores).map((values) => ranking(values, defects));
  const bootstrapping = bootstrapMetricsParallel(rankings, {
    seed: configuration.seed,
    replicates: configuration.bootstrapReplicates,
  });
  const points = Object.keys(scores).map((name, i) => pointEstimates(name, semantic.has(name), rankings[i]));
  const intervals = await bootstrapping;
  return points.map((estimated, i) => ({ ...estimated, ...aurocBounds(intervals[i]) }));
}

/** With one defect among few inputs no replicate may hold both kinds: then nothing is known of the spread. */
function aurocBounds({ auroc: { low, high } }: MetricIntervals): { aurocLow: number; aurocHigh: number } {
  return { aurocLow: Number.isNaN(low) ? 0 : low, aurocHigh: Number.isNaN(high) ? 1 : high };
}

function pointEstimates(
  detector: string,
  semantic: boolean,
  ranked: Ranking,
): Omit<MeasuredDetector, "aurocLow" | "aurocHigh"> {
  const { positives, negatives, auroc, auprIn, auprOut, fpr95, aurc } = detectionMetrics(ranked);
  return {
    detector,
    semantic,
    positives,
    negatives,
    auroc,
    auprIn,
    auprOut,
    fpr95,
    aurc,
    curves: {
      roc: rocCurve(ranked).map(({ falsePositiveRate, truePositiveRate, threshold }) => [
        falsePositiveRate,
        truePositiveRate,
        Number.isFinite(threshold) ? threshold : null,
      ]),
      riskCoverage: riskCoverageCurve(ranked).map(({ coverage, risk }) => [coverage, risk]),
    },
  };
}
