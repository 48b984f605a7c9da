import { type Alignment, applyAlignment } from "./alignment.ts";
import {
  type ReferenceTerms,
  referenceWeights,
  type Similarity,
  similarityScale,
} from "./detector/reference.ts";
import { InvalidInputError, requireSize } from "./errors.ts";
import { type HeatmapCounts, mergeHeatmaps } from "./heatmap.ts";
import type { Matrix } from "./matrix.ts";
import { strengths as conceptStrengths } from "./strengths.ts";
import { TrueCellSums } from "./wasm/predicates/true-cell-sums.ts";

/** When an input counts as a defect. */
export type DetectorRule =
  /** The paper's: nearer to incorrect than to correct behaviour, score > 0. */
  | { readonly kind: "zero" }
  /**
   * Split-conformal: at most a share `alpha` of correct inputs is flagged, with finite-sample validity. Scope
   * `class`: for each predicted class (classes with too little data share one threshold, valid for them
   * together); `pooled`: one threshold, valid over all classes together.
   */
  | { readonly kind: "conformal"; readonly alpha: number; readonly scope: "class" | "pooled" };

/** What calibration learned about one predicted class. */
export interface ClassReference {
  /** Heatmap of the class's correct calibration inputs (those that build references). */
  readonly correct: HeatmapCounts;
  /** Heatmap of its incorrect calibration inputs: predicted as this class, labelled otherwise. */
  readonly incorrect: HeatmapCounts;
  /** An input whose score is above is a defect. Infinity: too little data, never a defect. */
  readonly threshold: number;
  /** Held-out correct inputs behind the threshold; 0 for the rule `zero`. */
  readonly thresholdInputs: number;
  /** Whether the threshold is shared with other classes. */
  readonly thresholdShared: boolean;
}

/** Everything a detector is; all of it is in the artifact. */
export interface DetectorModel {
  readonly concepts: readonly string[];
  readonly classes: readonly string[];
  readonly similarity: Similarity;
  readonly rule: DetectorRule;
  /** A class with fewer reference inputs than this falls back to the pooled reference. */
  readonly minimumInputs: number;
  /** Seed of the split into reference and threshold inputs. */
  readonly seed: number;
  readonly references: readonly ClassReference[];
  /** What turns a classifier's embedding into strengths; absent when calibration had only strengths. */
  readonly embedding?: DetectorEmbedding;
}

/** The way from a classifier's embedding to strengths. */
export interface DetectorEmbedding {
  readonly alignment: Alignment;
  /** C×m, one row a concept. */
  readonly conceptVectors: Matrix;
}

/** A concept's share in a score; the shares of all concepts sum to the score. */
export interface ConceptContribution {
  concept: number;
  /** Positive: speaks for a defect. */
  contribution: number;
}

/** The detector's answer about one input. */
export interface Verdict {
  verdict: "OK" | "DEFECT";
  /** Similarity to incorrect − similarity to correct behaviour. */
  score: number;
  threshold: number;
  similarityToCorrect: number;
  similarityToIncorrect: number;
  predictedClass: number;
  /** Whether the class's own references had too few inputs, so that a pooled one was used. */
  fallback: boolean;
  /** The concepts that spoke most, by size of contribution. */
  concepts: ConceptContribution[];
}

/** A cell's share in a score. */
export interface CellContribution {
  /** The stronger concept of the pair in this input. */
  readonly stronger: number;
  readonly weaker: number;
  /** How often calibration saw this order among correct and among incorrect inputs, 0..1. */
  readonly correctMean: number;
  readonly incorrectMean: number;
}

interface PreparedClass {
  /** Where {@link TrueCellSums} holds the weights of both references. */
  readonly slot: number;
  readonly correct: ReferenceTerms;
  readonly incorrect: ReferenceTerms;
  readonly correctReference: HeatmapCounts;
  readonly incorrectReference: HeatmapCounts;
  readonly fallback: { readonly correct: boolean; readonly incorrect: boolean };
}

/** How many concepts a verdict names. */
export const VERDICT_CONCEPTS = 5;

/**
 * The runtime detector: says of one input whether the classifier's answer is likely a defect, by comparing
 * the input's heatmap with those of correct and incorrect behaviour of the predicted class. Made by
 * `calibrateDetector` or `importDetector`.
 *
 * All arithmetic is float64 in a fixed order without platform-dependent functions: the same artifact and
 * input give the same bits everywhere. Not safe to share between threads (it keeps scratch memory).
 */
export class Detector {
  readonly model: DetectorModel;
  readonly #pooledCorrect: HeatmapCounts;
  readonly #pooledIncorrect: HeatmapCounts;
  readonly #prepared: (PreparedClass | undefined)[];
  #slots = 0;
  readonly #mostSlots: number;
  readonly #cells: TrueCellSums;
  readonly #contributions: Float64Array;

  /**
   * @param weightBytes most memory for the classes' weights; what does not fit is made anew when its turn comes
   * @throws InvalidInputError when no class has an incorrect, or none a correct, reference input
   */
  constructor(model: DetectorModel, weightBytes = 2 ** 30) {
    const concepts = model.concepts.length;
    requireSize("references", model.references.length, model.classes.length, "classes");
    this.model = model;
    this.#pooledCorrect = mergeHeatmaps(model.references.map((reference) => reference.correct));
    this.#pooledIncorrect = mergeHeatmaps(model.references.map((reference) => reference.incorrect));
    requireSize("references", this.#pooledCorrect.concepts, concepts, "concepts");
    requireSize("references", this.#pooledIncorrect.concepts, concepts, "concepts");
    requireReference("correct", this.#pooledCorrect);
    requireReference("incorrect", this.#pooledIncorrect);
    this.#prepared = new Array(model.classes.length);
    this.#mostSlots = Math.max(1, Math.floor(weightBytes / TrueCellSums.weightBytes(concepts)));
    this.#cells = new TrueCellSums(concepts);
    this.#contributions = new Float64Array(concepts);
  }

  /**
   * Checks one answer of the classifier.
   *
   * @param embedding the encoder's output for the input, R^d
   * @param predictedClass the class that the head chose
   * @throws InvalidInputError when the detector carries no alignment, or an argument does not fit
   */
  check(embedding: Float32Array, predictedClass: number): Verdict {
    return this.checkStrengths(this.strengths(embedding), predictedClass);
  }

  /** The concept strengths of an embedding, as the pipeline computes them, to the bit. */
  strengths(embedding: Float32Array): Float32Array {
    const { embedding: way } = this.model;
    if (!way)
      throw new InvalidInputError(
        "detector",
        "carries no alignment",
        "Calibrate it with `embedding`, or call checkStrengths.",
      );
    requireSize("embedding", embedding.length, way.alignment.inputWidth, "numbers");
    const input = { rows: 1, columns: embedding.length, data: embedding };
    return conceptStrengths(applyAlignment(way.alignment, input), way.conceptVectors).data;
  }

  /**
   * Checks one answer of the classifier by the input's concept strengths. O(C²). With `into`, a verdict to
   * overwrite, nothing is allocated after the first call for a class.
   *
   * @param strengths C numbers
   */
  checkStrengths(strengths: Float32Array, predictedClass: number, into = emptyVerdict()): Verdict {
    requireStrengths(strengths, this.model.concepts.length);
    const prepared = this.#prepare(predictedClass);
    const trueCells = this.#cells.sum(strengths, prepared.slot);
    const { sums } = this.#cells;
    let sumCorrect = 0;
    let sumIncorrect = 0;
    for (let c = 0; c < sums.length; c += 2) {
      sumCorrect += sums[c];
      sumIncorrect += sums[c + 1];
    }
    // Every true cell was added to two concepts.
    sumCorrect /= 2;
    sumIncorrect /= 2;
    const { similarity } = this.model;
    const scaleCorrect = similarityScale(similarity, prepared.correct, sumCorrect, trueCells);
    const scaleIncorrect = similarityScale(similarity, prepared.incorrect, sumIncorrect, trueCells);
    into.similarityToCorrect = prepared.correct.base + sumCorrect * scaleCorrect;
    into.similarityToIncorrect = prepared.incorrect.base + sumIncorrect * scaleIncorrect;
    into.score = into.similarityToIncorrect - into.similarityToCorrect;
    into.threshold = this.model.references[predictedClass].threshold;
    into.verdict = into.score > into.threshold ? "DEFECT" : "OK";
    into.predictedClass = predictedClass;
    into.fallback = prepared.fallback.correct || prepared.fallback.incorrect;
    for (let c = 0; c < this.#contributions.length; c++)
      this.#contributions[c] =
        prepared.incorrect.baseByConcept[c] -
        prepared.correct.baseByConcept[c] +
        (sums[2 * c + 1] * scaleIncorrect - sums[2 * c] * scaleCorrect) / 2;
    selectLargest(this.#contributions, into.concepts);
    return into;
  }

  /** The scores of many inputs: `strengths` N×C, one predicted class an input. Float64, higher = more defect-like. */
  scores(strengths: Matrix, predictions: ArrayLike<number>): Float64Array {
    requireSize("strengths", strengths.columns, this.model.concepts.length, "concepts");
    requireSize("predictions", predictions.length, strengths.rows, "classes (one an input)");
    const verdict = emptyVerdict();
    return Float64Array.from({ length: strengths.rows }, (_, row) => {
      const start = row * strengths.columns;
      const input = strengths.data.subarray(start, start + strengths.columns);
      return this.checkStrengths(input, predictions[row], verdict).score;
    });
  }

  /** Which references a predicted class is judged by. */
  fallback(predictedClass: number): { readonly correct: boolean; readonly incorrect: boolean } {
    return this.#prepare(predictedClass).fallback;
  }

  /**
   * The pairs of concepts whose order in this input speaks most for a defect: usual among incorrect, unusual
   * among correct inputs of the predicted class. Largest difference first.
   */
  explain(strengths: Float32Array, predictedClass: number, limit = 10): CellContribution[] {
    const { correctReference, incorrectReference } = this.#prepare(predictedClass);
    requireStrengths(strengths, this.model.concepts.length);
    const cells: CellContribution[] = [];
    for (let stronger = 0; stronger < strengths.length; stronger++)
      for (let weaker = 0; weaker < strengths.length; weaker++) {
        if (!(strengths[stronger] > strengths[weaker])) continue;
        const cell = stronger * strengths.length + weaker;
        const correctMean = correctReference.counts[cell] / correctReference.inputs;
        const incorrectMean = incorrectReference.counts[cell] / incorrectReference.inputs;
        if (incorrectMean > correctMean) cells.push({ stronger, weaker, correctMean, incorrectMean });
      }
    cells.sort((a, b) => b.incorrectMean - b.correctMean - (a.incorrectMean - a.correctMean));
    return cells.slice(0, limit);
  }

  #prepare(predictedClass: number): PreparedClass {
    const known = this.#prepared[predictedClass];
    if (known) return known;
    const reference = this.model.references[predictedClass];
    if (!reference)
      throw new InvalidInputError(
        "predictedClass",
        `is ${predictedClass}`,
        `Use a class number from 0 to ${this.model.classes.length - 1}.`,
      );
    const { minimumInputs, similarity } = this.model;
    const fallback = {
      correct: reference.correct.inputs < minimumInputs,
      incorrect: reference.incorrect.inputs < minimumInputs,
    };
    const correctReference = fallback.correct ? this.#pooledCorrect : reference.correct;
    const incorrectReference = fallback.incorrect ? this.#pooledIncorrect : reference.incorrect;
    const { weights: correctWeights, ...correct } = referenceWeights(correctReference, similarity);
    const { weights: incorrectWeights, ...incorrect } = referenceWeights(incorrectReference, similarity);
    const weights = new Float64Array(2 * correctWeights.length);
    for (let cell = 0; cell < correctWeights.length; cell++) {
      weights[2 * cell] = correctWeights[cell];
      weights[2 * cell + 1] = incorrectWeights[cell];
    }
    if (this.#slots === this.#mostSlots) {
      this.#prepared.fill(undefined);
      this.#slots = 0;
    }
    const slot = this.#slots++;
    this.#cells.hold(slot, weights);
    const prepared = { slot, correct, incorrect, correctReference, incorrectReference, fallback };
    this.#prepared[predictedClass] = prepared;
    return prepared;
  }
}

/** A verdict to be overwritten by {@link Detector.checkStrengths}. */
export function emptyVerdict(): Verdict {
  return {
    verdict: "OK",
    score: 0,
    threshold: 0,
    similarityToCorrect: 0,
    similarityToIncorrect: 0,
    predictedClass: 0,
    fallback: false,
    concepts: Array.from({ length: VERDICT_CONCEPTS }, () => ({ concept: 0, contribution: 0 })),
  };
}

/** Overwrites `into` with the entries of largest size, largest first, lower concept first among equals. */
function selectLargest(contributions: Float64Array, into: ConceptContribution[]): void {
  if (into.length > contributions.length) into.length = contributions.length;
  let filled = 0;
  for (let concept = 0; concept < contributions.length; concept++) {
    const contribution = contributions[concept];
    const size = Math.abs(contribution);
    if (filled === into.length && size <= Math.abs(into[filled - 1].contribution)) continue;
    let at = filled < into.length ? filled++ : filled - 1;
    for (; at > 0 && Math.abs(into[at - 1].contribution) < size; at--) {
      into[at].concept = into[at - 1].concept;
      into[at].contribution = into[at - 1].contribution;
    }
    into[at].concept = concept;
    into[at].contribution = contribution;
  }
}

function requireStrengths(strengths: Float32Array, concepts: number): void {
  requireSize("strengths", strengths.length, concepts, "concepts");
  for (let c = 0; c < concepts; c++)
    if (Number.isNaN(strengths[c]))
      throw new InvalidInputError(
        `strengths[${c}]`,
        "is not a number",
        "Repair the input's embedding; strengths must be numbers.",
      );
}

function requireReference(kind: "correct" | "incorrect", pooled: HeatmapCounts): void {
  if (pooled.inputs === 0)
    throw new InvalidInputError(
      "references",
      `hold no ${kind} input of any class`,
      `Calibrate on a split with ${kind} answers, so that there is a behaviour to compare with.`,
    );
}
