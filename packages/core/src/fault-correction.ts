import { randomGamma } from "d3-random";
import { InvalidInputError } from "./errors.ts";
import type { LocalisationInputs, LocalisationMargins } from "./localisation.ts";
import { isDecided, localise } from "./localisation.ts";
import { requireClass } from "./oracle.ts";
import { random } from "./random.ts";
import type { Interval } from "./statistics.ts";

export interface FaultCorrectionOptions {
  /** Number of classes K. */
  readonly classes: number;
  readonly seed: number;
  /** Bootstrap replicates, 1,000 by default. */
  readonly replicates?: number;
  /** Of the intervals, 0.95 by default. */
  readonly confidence?: number;
}

/** Fault shares among *decided* misclassifications, corrected for the oracle's error. */
export interface CorrectedFaultShares {
  readonly encoder: Interval;
  readonly head: Interval;
  /** Chance that the oracle says the class which the embedding means (from correctly classified inputs). */
  readonly sensitivity: number;
  /** Chance that the oracle does not say y of an embedding that means ŷ (from correctly classified inputs of ŷ). */
  readonly specificity: number;
  /** Number of decided misclassifications. */
  readonly decided: number;
}

/**
 * Rogan-Gladen correction (1978) of the head's share: (observed + specificity − 1) / (sensitivity +
 * specificity − 1), clipped to [0, 1].
 *
 * The oracle is read as a test for "the embedding still means y". Correctly classified inputs, where the
 * embedding is known to mean the label, give its errors: sensitivity is how often it says y of inputs labelled
 * y; 1 − specificity is how often it says y of inputs labelled ŷ (an encoder fault is taken to look like the
 * class that was predicted). Both are averaged over the class pairs as they occur among the decided
 * misclassifications, and taken under the same margin. A class without correct inputs uses all classes' rate.
 *
 * Intervals are percentiles of the Bayesian bootstrap (Rubin 1981) over misclassified and correct inputs
 * together, which costs the same for a thousand inputs and a million. Returns undefined when nothing was
 * decided, no correct input passes the margin, or the oracle does no better than chance (sensitivity +
 * specificity <= 1), where no correction is possible.
 */
export function correctFaultShares(
  inputs: LocalisationInputs,
  margins: LocalisationMargins,
  options: FaultCorrectionOptions,
): CorrectedFaultShares | undefined {
  const { classes, seed, replicates = 1000, confidence = 0.95 } = options;
  if (!Number.isSafeInteger(replicates) || replicates < 1)
    throw new InvalidInputError("replicates", `is ${replicates}`, "Use a whole number >= 1.");
  const tally = tallyAnswers(inputs, margins, classes);
  const observed = correctedHeadShare(tally);
  if (!observed) return undefined;

  const uniform = random(seed);
  const gamma = randomGamma.source(uniform);
  const heads: number[] = [];
  const drawers = new Map<number, () => number>();
  const drawerOf = (count: number): (() => number) => {
    const drawer = drawers.get(count) ?? gamma(count);
    drawers.set(count, drawer);
    return drawer;
  };
  const redrawn = {
    classes,
    head: tally.head.slice(),
    encoder: tally.encoder.slice(),
    answers: tally.answers.slice(),
  };
  const redraws = [redrawn.head, redrawn.encoder, redrawn.answers].flatMap((weights) =>
    Array.from(weights.entries())
      .filter(([, count]) => count > 0)
      .map(([cell, count]) => ({ weights, cell, draw: drawerOf(count) })),
  );
  for (let r = 0; r < replicates; r++) {
    for (const { weights, cell, draw } of redraws) weights[cell] = draw();
    const replicate = correctedHeadShare(redrawn);
    if (replicate) heads.push(replicate.head);
  }
  heads.sort((a, b) => a - b);
  // Rare replicates where the oracle falls to chance say nothing; with none left the interval is everything.
  const quantile = (p: number, empty: number) =>
    heads.length > 0 ? heads[Math.min(heads.length - 1, Math.floor(p * heads.length))] : empty;
  const low = quantile((1 - confidence) / 2, 0);
  const high = quantile((1 + confidence) / 2, 1);
  return {
    head: { value: observed.head, low, high },
    encoder: { value: 1 - observed.head, low: 1 - high, high: 1 - low },
    sensitivity: observed.sensitivity,
    specificity: observed.specificity,
    decided: sum(tally.head) + sum(tally.encoder),
  };
}

/** Counts (or bootstrap weights) that the correction is computed from. */
interface AnswerTally {
  readonly classes: number;
  /** HEAD faults by pair, cell (y, ŷ), K×K. */
  readonly head: Float64Array;
  /** ENCODER faults by pair, K×K. */
  readonly encoder: Float64Array;
  /** Correctly classified inputs over the margin: cell (label, oracle's answer), K×K. */
  readonly answers: Float64Array;
}

function tallyAnswers(
  inputs: LocalisationInputs,
  margins: LocalisationMargins,
  classes: number,
): AnswerTally {
  const { labels, predictions, oracle } = inputs;
  const faults = localise(inputs, margins);
  const head = new Float64Array(classes * classes);
  const encoder = new Float64Array(classes * classes);
  const answers = new Float64Array(classes * classes);
  for (let i = 0; i < faults.length; i++) {
    requireClass("labels", labels, i, classes);
    requireClass("predictions", predictions, i, classes);
    const pair = labels[i] * classes + predictions[i];
    if (faults[i] === "HEAD") head[pair]++;
    else if (faults[i] === "ENCODER") encoder[pair]++;
    else if (faults[i] === "NONE" && isDecided(oracle.margins[i], margins, labels[i]))
      answers[labels[i] * classes + oracle.classes[i]]++;
  }
  return { classes, head, encoder, answers };
}

function correctedHeadShare({ classes, head, encoder, answers }: AnswerTally) {
  const decided = sum(head) + sum(encoder);
  const correct = sum(answers);
  if (decided === 0 || correct === 0) return undefined;
  const perClass = Float64Array.from({ length: classes }, (_, k) =>
    sum(answers.subarray(k * classes, (k + 1) * classes)),
  );
  let right = 0;
  for (let k = 0; k < classes; k++) right += answers[k * classes + k];
  const pooledSensitivity = right / correct;
  const pooledFalseYes = (1 - pooledSensitivity) / (classes - 1);
  let sensitivity = 0;
  let falseYes = 0;
  for (let y = 0; y < classes; y++)
    for (let predicted = 0; predicted < classes; predicted++) {
      const weight = (head[y * classes + predicted] + encoder[y * classes + predicted]) / decided;
      if (weight === 0) continue;
      sensitivity += weight * (perClass[y] > 0 ? answers[y * classes + y] / perClass[y] : pooledSensitivity);
      falseYes +=
        weight *
        (perClass[predicted] > 0 ? answers[predicted * classes + y] / perClass[predicted] : pooledFalseYes);
    }
  const informedness = sensitivity - falseYes;
  if (informedness <= 0) return undefined;
  const corrected = (sum(head) / decided - falseYes) / informedness;
  return { head: Math.min(1, Math.max(0, corrected)), sensitivity, specificity: 1 - falseYes };
}

function sum(values: Float64Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}
