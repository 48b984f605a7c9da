import { InvalidInputError, requireSize } from "./errors.ts";
import type { OracleAnswers, OracleVariant } from "./oracle.ts";
import { ORACLE_VARIANTS, requireClass } from "./oracle.ts";
import type { Interval } from "./statistics.ts";
import { wilsonInterval } from "./statistics.ts";

/** Where a misclassification arose; NONE for a correctly classified input. */
export type Fault = "ENCODER" | "HEAD" | "UNDECIDED" | "NONE";

/** N labelled inputs with what the oracle says of them. */
export interface LocalisationInputs {
  /** True classes y, N. */
  readonly labels: ArrayLike<number>;
  /** Predicted classes ŷ, N. */
  readonly predictions: ArrayLike<number>;
  /** The oracle on a(x), of variant `class-text` unless a rival is wanted. */
  readonly oracle: OracleAnswers;
  /** The oracle on the VLM's own image embedding: the check that the VLM can tell this image at all. */
  readonly vlm: OracleAnswers;
}

/** The calibrated margins (see `calibrateOracle`), as differences of scores >= 0. */
export interface LocalisationMargins {
  readonly oracle: number;
  readonly vlm: number;
  /** Per true class, the margin that a kept meaning reaches (see `keptMargins`); any positive one when left out. */
  readonly kept?: ArrayLike<number>;
}

/**
 * Localises the fault of every misclassified input (true y, predicted ŷ ≠ y):
 *
 * - UNDECIDED when the VLM's own image embedding does not say y, or says it by less than `margins.vlm`, or the
 *   oracle on a(x) is nearer to the border between y and the rest than `margins.oracle`, or says y by less than
 *   `margins.kept[y]`;
 * - HEAD when the oracle on a(x) says y: the encoder kept the meaning, the head misread it;
 * - ENCODER when it says another class: the meaning was lost before the head.
 *
 * "Says y" means that y scores strictly above every other class.
 */
export function localise(inputs: LocalisationInputs, margins: LocalisationMargins): Fault[] {
  const { labels, predictions, oracle, vlm } = inputs;
  const n = labels.length;
  requireSize("predictions", predictions.length, n, "predictions (one an input)");
  requireSize("oracle.margins", oracle.margins.length, n, "margins (one an input)");
  requireSize("vlm.margins", vlm.margins.length, n, "margins (one an input)");
  for (const [field, margin] of Object.entries({ oracle: margins.oracle, vlm: margins.vlm }))
    if (!(margin >= 0))
      throw new InvalidInputError(`margins.${field}`, `is ${margin}`, "Use a calibrated margin >= 0.");
  return Array.from({ length: n }, (_, i): Fault => {
    if (predictions[i] === labels[i]) return "NONE";
    const vlmKnows = vlm.margins[i] > 0 && vlm.margins[i] >= margins.vlm;
    if (!vlmKnows || !isDecided(oracle.margins[i], margins, labels[i])) return "UNDECIDED";
    return oracle.margins[i] > 0 ? "HEAD" : "ENCODER";
  });
}

/** Whether an answer of the oracle on a(x) is clear enough, either way. NaN never is. */
export function isDecided(truthMargin: number, margins: LocalisationMargins, trueClass: number): boolean {
  const needed = truthMargin > 0 ? Math.max(margins.oracle, margins.kept?.[trueClass] ?? 0) : margins.oracle;
  return Math.abs(truthMargin) >= needed;
}

/** Counts and shares of faults among misclassified inputs. */
export interface FaultShares {
  /** Number of misclassified inputs. */
  readonly inputs: number;
  readonly encoder: number;
  readonly head: number;
  readonly undecided: number;
  /** Shares of `inputs`, with Wilson intervals. */
  readonly shares: { readonly encoder: Interval; readonly head: Interval; readonly undecided: Interval };
}

export interface FaultPairShares extends FaultShares {
  readonly trueClass: number;
  readonly predictedClass: number;
}

export interface FaultReport {
  readonly overall: FaultShares;
  /** One entry per true class, K. */
  readonly byTrueClass: readonly FaultShares[];
  /** One entry per class pair that occurs, by number of inputs, largest first; then by class numbers. */
  readonly pairs: readonly FaultPairShares[];
}

/**
 * Fault shares overall, per true class and per class pair.
 *
 * @param classes K
 * @param options `rows`: only these inputs (for instance those of one attack type), all when left out;
 *   `confidence` of the Wilson intervals, 0.95 by default
 */
export function faultReport(
  labels: ArrayLike<number>,
  predictions: ArrayLike<number>,
  faults: readonly Fault[],
  classes: number,
  options: { readonly rows?: ArrayLike<number>; readonly confidence?: number } = {},
): FaultReport {
  requireSize("predictions", predictions.length, labels.length, "predictions (one an input)");
  requireSize("faults", faults.length, labels.length, "faults (one an input)");
  const pairs = new Map<number, Record<Fault, number>>();
  const count = options.rows?.length ?? labels.length;
  for (let k = 0; k < count; k++) {
    const i = options.rows?.[k] ?? k;
    if (faults[i] === "NONE") continue;
    requireClass("labels", labels, i, classes);
    requireClass("predictions", predictions, i, classes);
    const key = labels[i] * classes + predictions[i];
    const tally = pairs.get(key) ?? noFaults();
    tally[faults[i]]++;
    pairs.set(key, tally);
  }
  const overall = noFaults();
  const byTrueClass = Array.from({ length: classes }, noFaults);
  for (const [key, tally] of pairs)
    for (const fault of ["ENCODER", "HEAD", "UNDECIDED"] as const) {
      overall[fault] += tally[fault];
      byTrueClass[Math.floor(key / classes)][fault] += tally[fault];
    }
  const confidence = options.confidence ?? 0.95;
  return {
    overall: shares(overall, confidence),
    byTrueClass: byTrueClass.map((tally) => shares(tally, confidence)),
    pairs: Array.from(pairs, ([key, tally]) => ({
      trueClass: Math.floor(key / classes),
      predictedClass: key % classes,
      ...shares(tally, confidence),
    })).sort(
      (a, b) => b.inputs - a.inputs || a.trueClass - b.trueClass || a.predictedClass - b.predictedClass,
    ),
  };
}

function noFaults(): Record<Fault, number> {
  return { ENCODER: 0, HEAD: 0, UNDECIDED: 0, NONE: 0 };
}

function shares(tally: Record<Fault, number>, confidence: number): FaultShares {
  const inputs = tally.ENCODER + tally.HEAD + tally.UNDECIDED;
  return {
    inputs,
    encoder: tally.ENCODER,
    head: tally.HEAD,
    undecided: tally.UNDECIDED,
    shares: {
      encoder: wilsonInterval(tally.ENCODER, inputs, confidence),
      head: wilsonInterval(tally.HEAD, inputs, confidence),
      undecided: wilsonInterval(tally.UNDECIDED, inputs, confidence),
    },
  };
}

/**
 * The oracle's own error: the share of *correctly classified* inputs on which it does not say the true class,
 * with its Wilson interval. A fault report must show it, since the encoder's share cannot be trusted below it.
 */
export function oracleErrorOnCorrect(inputs: LocalisationInputs, confidence = 0.95): Interval {
  const { labels, predictions, oracle } = inputs;
  let correct = 0;
  let wrong = 0;
  for (let i = 0; i < labels.length; i++) {
    if (predictions[i] !== labels[i] || Number.isNaN(oracle.margins[i])) continue;
    correct++;
    if (!(oracle.margins[i] > 0)) wrong++;
  }
  return wilsonInterval(wrong, correct, confidence);
}

/** How far localisations depend on the choice of oracle. */
export interface OracleAgreement {
  /** Number of misclassified inputs. */
  readonly misclassified: number;
  /** Misclassified inputs on which at least two variants differ. */
  readonly changed: number;
  /** `changed` / `misclassified`; NaN without misclassified inputs. */
  readonly changedShare: number;
  readonly variants: readonly {
    readonly variant: OracleVariant;
    /** Misclassified inputs on which this variant decides (ENCODER or HEAD). */
    readonly localised: number;
    /** Misclassified inputs on which it differs from `class-text`. */
    readonly changed: number;
  }[];
}

/** Compares the localisations of the same inputs under several oracles; `class-text` is the one to compare with. */
export function oracleAgreement(
  faults: { readonly "class-text": readonly Fault[] } & Partial<Record<OracleVariant, readonly Fault[]>>,
): OracleAgreement {
  const reference = faults["class-text"];
  const present = ORACLE_VARIANTS.flatMap((variant) => {
    const found = faults[variant];
    if (found) requireSize(variant, found.length, reference.length, "faults (one an input)");
    return found ? [{ variant, faults: found }] : [];
  });
  let misclassified = 0;
  let changed = 0;
  for (let i = 0; i < reference.length; i++) {
    if (reference[i] === "NONE") continue;
    misclassified++;
    if (present.some((other) => other.faults[i] !== reference[i])) changed++;
  }
  return {
    misclassified,
    changed,
    changedShare: changed / misclassified,
    variants: present.map(({ variant, faults: found }) => ({
      variant,
      localised: found.filter((fault) => fault === "ENCODER" || fault === "HEAD").length,
      changed: found.filter((fault, i) => fault !== reference[i]).length,
    })),
  };
}
