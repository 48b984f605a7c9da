import type { AurocComparison } from "./delong.ts";
import { compareAurocs } from "./delong.ts";
import { firstNotFinite, InvalidInputError, requireSize } from "./errors.ts";
import { fitLogisticRegressions, logOdds, softplus } from "./logistic-regression.ts";
import { detectionMetrics, ranking } from "./metrics.ts";
import { permutation, random } from "./random.ts";

/** Scores of several detectors on the same N inputs, by detector name; higher = more likely a defect. */
export type DetectorScores = Readonly<Record<string, ArrayLike<number>>>;

/** A learned combination of detectors, plain data (JSON-safe). */
export interface CombinedModel {
  readonly detectors: readonly string[];
  /** Mean and standard deviation of each detector's calibration scores; scores are standardised by them. */
  readonly means: readonly number[];
  readonly deviations: readonly number[];
  /** Of the standardised scores. */
  readonly weights: readonly number[];
  readonly intercept: number;
  /** L2 penalty with the least cross-validated log-loss. */
  readonly penalty: number;
  /** AUROC of the out-of-fold log-odds at that penalty. */
  readonly crossValidatedAuroc: number;
}

export interface CombinedOptions {
  readonly seed: number;
  /** Folds of the cross-validation, 5 by default, or the number of defects (or sound inputs) when fewer. */
  readonly folds?: number;
  /** L2 penalties to try; 1,000 to 0.01, one a decade, by default. The first of equally good ones is taken. */
  readonly penalties?: readonly number[];
}

/**
 * Combines detectors by logistic regression on a calibration split, the penalty chosen by stratified k-fold
 * cross-validation (log-loss). The references of the detectors must not have been fitted to the same inputs,
 * or the combination trusts them too much; use `keepCombined` on held-out inputs to find out.
 *
 * @throws InvalidInputError with fewer than 2 defects or 2 sound inputs, or a score that is not finite
 */
export function fitCombined(
  scores: DetectorScores,
  defects: ArrayLike<number | boolean>,
  options: CombinedOptions,
): CombinedModel {
  const detectors = Object.keys(scores);
  if (detectors.length === 0)
    throw new InvalidInputError("scores", "is empty", "Pass the scores of at least one detector.");
  const penalties = options.penalties ?? [1000, 100, 10, 1, 0.1, 0.01];
  if (penalties.length === 0 || penalties.some((penalty) => !(penalty > 0 && Number.isFinite(penalty))))
    throw new InvalidInputError("penalties", `is [${penalties.join(", ")}]`, "Pass numbers > 0.");
  const positives = Uint8Array.from({ length: defects.length }, (_, i) => (defects[i] ? 1 : 0));
  const foldOf = stratifiedFolds(positives, options);
  const means: number[] = [];
  const deviations: number[] = [];
  const columns = detectors.map((name) => {
    const values = finiteScores(scores, name, defects.length);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    means.push(mean);
    deviations.push(variance > 0 ? Math.sqrt(variance) : 1);
    return standardised(values, mean, deviations[deviations.length - 1]);
  });

  const trials = crossValidated(columns, positives, foldOf, penalties).map((outOfFold, k) => {
    const loss = outOfFold.reduce((sum, odds, i) => sum + softplus(positives[i] === 1 ? -odds : odds), 0);
    return { penalty: penalties[k], outOfFold, loss };
  });
  const best = trials.reduce((a, b) => (b.loss < a.loss ? b : a));
  const all = Uint32Array.from(positives.keys());
  const [{ weights, intercept }] = fitLogisticRegressions(columns, positives, all, [best.penalty]);
  return {
    detectors,
    means,
    deviations,
    weights: Array.from(weights),
    intercept,
    penalty: best.penalty,
    crossValidatedAuroc: detectionMetrics(ranking(best.outOfFold, positives)).auroc,
  };
}

/** Log-odds of a defect for each of N inputs. Scores of the model's detectors must be there; others are ignored. */
export function combinedScores(model: CombinedModel, scores: DetectorScores): Float64Array {
  const inputs = scores[model.detectors[0]]?.length ?? 0;
  const columns = model.detectors.map((name, j) =>
    standardised(finiteScores(scores, name, inputs), model.means[j], model.deviations[j]),
  );
  return logOdds(columns, { weights: Float64Array.from(model.weights), intercept: model.intercept });
}

export interface CombinedDecision {
  /** True when the combination beat the best single detector on held-out inputs. */
  readonly kept: boolean;
  /** The single detector with the highest held-out AUROC. */
  readonly rival: string;
  /** Combination against that rival. */
  readonly comparison: AurocComparison;
}

/**
 * Decides on held-out inputs whether a combination earns its keep: its AUROC must exceed that of the best
 * single detector (chosen in hindsight, which favours the rival), with DeLong p < `level` (0.05).
 */
export function keepCombined(
  combined: ArrayLike<number>,
  rivals: DetectorScores,
  defects: ArrayLike<number | boolean>,
  level = 0.05,
): CombinedDecision {
  const ranked = Object.entries(rivals)
    .map(([rival, scores]) => ({ rival, auroc: detectionMetrics(ranking(scores, defects)).auroc }))
    .sort((a, b) => b.auroc - a.auroc);
  if (ranked.length === 0)
    throw new InvalidInputError("rivals", "is empty", "Pass the scores of at least one detector.");
  const { rival } = ranked[0];
  const comparison = compareAurocs(combined, rivals[rival], defects);
  return { kept: comparison.difference.value > 0 && comparison.pValue < level, rival, comparison };
}

/** Log-odds of each input by the regression that has not seen its fold, one array a penalty. */
function crossValidated(
  columns: readonly Float64Array[],
  positives: Uint8Array,
  foldOf: Uint32Array,
  penalties: readonly number[],
): Float64Array[] {
  const outOfFold = penalties.map(() => new Float64Array(positives.length));
  const folds = foldOf.reduce((most, fold) => Math.max(most, fold), 0) + 1;
  for (let fold = 0; fold < folds; fold++) {
    const rows = Uint32Array.from(foldOf.keys()).filter((i) => foldOf[i] !== fold);
    for (const [k, fitted] of fitLogisticRegressions(columns, positives, rows, penalties).entries()) {
      const odds = logOdds(columns, fitted);
      foldOf.forEach((f, i) => {
        if (f === fold) outOfFold[k][i] = odds[i];
      });
    }
  }
  return outOfFold;
}

/** The fold of each input: defects and sound inputs dealt out evenly, in seeded random order. */
function stratifiedFolds(positives: Uint8Array, { seed, folds = 5 }: CombinedOptions): Uint32Array {
  const defects = positives.reduce((sum, value) => sum + value, 0);
  const fewest = Math.min(defects, positives.length - defects);
  if (fewest < 2)
    throw new InvalidInputError(
      "defects",
      `holds ${defects} defects and ${positives.length - defects} sound inputs`,
      "Calibrate on at least 2 of each.",
    );
  if (!Number.isSafeInteger(folds) || folds < 2)
    throw new InvalidInputError("folds", `is ${folds}`, "Use a whole number >= 2, as 5.");
  const used = Math.min(folds, fewest);
  const dealt = [0, 0];
  const foldOf = new Uint32Array(positives.length);
  for (const i of permutation(positives.length, random(seed))) foldOf[i] = dealt[positives[i]]++ % used;
  return foldOf;
}

function finiteScores(scores: DetectorScores, name: string, inputs: number): number[] {
  const values = scores[name];
  if (!values)
    throw new InvalidInputError(
      "scores",
      `lacks the detector ${name}`,
      "Pass every detector it was fitted on.",
    );
  requireSize(`scores.${name}`, values.length, inputs, "scores (one an input)");
  const bad = firstNotFinite(values);
  if (bad >= 0)
    throw new InvalidInputError(
      `scores.${name}[${bad}]`,
      `is ${values[bad]}`,
      "Remove the input or leave the detector out.",
    );
  return Array.from(values);
}

function standardised(values: ArrayLike<number>, mean: number, deviation: number): Float64Array {
  return Float64Array.from(values, (value) => (value - mean) / deviation);
}
