import { decodeArrays, encodeArrays } from "./encoding.ts";
import { requireFinite, requireSize } from "./errors.ts";
import type { Matrix } from "./matrix.ts";

const KIND = "faultline.concept-fidelity.1";

/**
 * Fidelity of each concept: the Pearson correlation, over inputs, of its strength in a(x) with its strength in
 * the VLM's own image embedding. Low fidelity means that the encoder does not carry the concept (or the map
 * does not reach it), whatever its heatmap cells say. Streams, and shards merge.
 */
export class ConceptFidelityAccumulator {
  readonly concepts: number;
  inputs = 0;
  readonly #alignedMean: Float64Array;
  readonly #vlmMean: Float64Array;
  readonly #alignedScatter: Float64Array;
  readonly #vlmScatter: Float64Array;
  readonly #crossScatter: Float64Array;

  /** @param concepts C */
  constructor(concepts: number) {
    this.concepts = concepts;
    this.#alignedMean = new Float64Array(concepts);
    this.#vlmMean = new Float64Array(concepts);
    this.#alignedScatter = new Float64Array(concepts);
    this.#vlmScatter = new Float64Array(concepts);
    this.#crossScatter = new Float64Array(concepts);
  }

  /** Adds the strengths of a batch, both N×C, row by row of the same image. */
  add(aligned: Matrix, vlm: Matrix): this {
    const c = this.concepts;
    requireSize("aligned", aligned.columns, c, "columns");
    requireSize("vlm", vlm.columns, c, "columns");
    requireSize("vlm", vlm.rows, aligned.rows, "rows");
    requireFinite("aligned", aligned.data, c);
    requireFinite("vlm", vlm.data, c);
    for (let i = 0; i < aligned.rows; i++) {
      this.inputs++;
      for (let j = 0; j < c; j++) {
        const a = aligned.data[i * c + j] - this.#alignedMean[j];
        const b = vlm.data[i * c + j] - this.#vlmMean[j];
        this.#alignedMean[j] += a / this.inputs;
        this.#vlmMean[j] += b / this.inputs;
        const bAfter = vlm.data[i * c + j] - this.#vlmMean[j];
        this.#alignedScatter[j] += a * (aligned.data[i * c + j] - this.#alignedMean[j]);
        this.#vlmScatter[j] += b * bAfter;
        this.#crossScatter[j] += a * bAfter;
      }
    }
    return this;
  }

  /** Adds everything that `other` has seen. */
  merge(other: ConceptFidelityAccumulator): this {
    requireSize("other.concepts", other.concepts, this.concepts, "concepts");
    if (other.inputs === 0) return this;
    const total = this.inputs + other.inputs;
    const weight = (this.inputs * other.inputs) / total;
    for (let j = 0; j < this.concepts; j++) {
      const a = other.#alignedMean[j] - this.#alignedMean[j];
      const b = other.#vlmMean[j] - this.#vlmMean[j];
      this.#alignedScatter[j] += other.#alignedScatter[j] + weight * a * a;
      this.#vlmScatter[j] += other.#vlmScatter[j] + weight * b * b;
      this.#crossScatter[j] += other.#crossScatter[j] + weight * a * b;
      this.#alignedMean[j] += (a * other.inputs) / total;
      this.#vlmMean[j] += (b * other.inputs) / total;
    }
    this.inputs = total;
    return this;
  }

  /** Correlation per concept, C values in [-1, 1]; NaN where a strength never varied or under 2 inputs. */
  fidelity(): Float64Array {
    return this.#crossScatter.map((cross, j) => {
      const scale = Math.sqrt(this.#alignedScatter[j]) * Math.sqrt(this.#vlmScatter[j]);
      return scale > 0 ? Math.min(1, Math.max(-1, cross / scale)) : Number.NaN;
    });
  }

  encode(): Uint8Array {
    return encodeArrays(KIND, [
      Float64Array.of(this.concepts, this.inputs),
      this.#alignedMean,
      this.#vlmMean,
      this.#alignedScatter,
      this.#vlmScatter,
      this.#crossScatter,
    ]);
  }

  static decode(bytes: Uint8Array): ConceptFidelityAccumulator {
    const [sizes, ...parts] = decodeArrays(KIND, bytes);
    const accumulator = new ConceptFidelityAccumulator(sizes[0]);
    accumulator.inputs = sizes[1];
    accumulator.#alignedMean.set(parts[0]);
    accumulator.#vlmMean.set(parts[1]);
    accumulator.#alignedScatter.set(parts[2]);
    accumulator.#vlmScatter.set(parts[3]);
    accumulator.#crossScatter.set(parts[4]);
    return accumulator;
  }
}

/** Fidelity of each concept at once; both strengths are N×C. */
export function conceptFidelity(aligned: Matrix, vlm: Matrix): Float64Array {
  return new ConceptFidelityAccumulator(aligned.columns).add(aligned, vlm).fidelity();
}
