import { decodeArrays, encodeArrays } from "../encoding.ts";
import { InvalidInputError, requireFinite, requireSize } from "../errors.ts";
import type { Matrix } from "../matrix.ts";
import { type Alignment, applyAlignment } from "./apply.ts";

const KIND = "faultline.alignment-quality.1";

/** How well aligned embeddings a(x) stand in for the VLM's own image embeddings y, on inputs not fitted to. */
export interface AlignmentQuality {
  /** Number of inputs. */
  readonly inputs: number;
  /** 1 − Σ‖y − a(x)‖² / Σ‖y − mean y‖² over all dimensions; at most 1, negative when worse than the mean; NaN when y is constant. */
  readonly r2: number;
  /** The same per dimension of the VLM, m values. */
  readonly r2PerDimension: Float64Array;
  /** Mean of cos(a(x), y). High for any map when the VLM's vectors share a large mean, as CLIP's do. */
  readonly meanCosine: number;
  /** Mean of cos(a(x) − c, y − c), where c is the mean VLM embedding of the fitting inputs: the cosine without that shared mean. */
  readonly meanCentredCosine: number;
}

/** Gathers the alignment quality from a stream of inputs; shards merge. Memory is O(m). */
export class AlignmentQualityAccumulator {
  readonly outputWidth: number;
  inputs = 0;
  /** The point about which the centred cosine is taken, m. */
  readonly centre: Float64Array;
  readonly #mean: Float64Array;
  readonly #scatter: Float64Array;
  readonly #residual: Float64Array;
  #cosine = 0;
  #centredCosine = 0;

  /** @param centre m: the mean VLM image embedding, best taken from the fitting inputs (`accumulator.outputMean`). */
  constructor(centre: ArrayLike<number>) {
    this.centre = Float64Array.from(centre);
    this.outputWidth = centre.length;
    this.#mean = new Float64Array(centre.length);
    this.#scatter = new Float64Array(centre.length);
    this.#residual = new Float64Array(centre.length);
  }

  /** Adds a batch: aligned embeddings a(x) and VLM image embeddings y, both N×m, row by row of the same image. */
  add(aligned: Matrix, y: Matrix): this {
    const m = this.outputWidth;
    requireSize("aligned", aligned.columns, m, "columns");
    requireSize("y", y.columns, m, "columns");
    requireSize("y", y.rows, aligned.rows, "rows");
    requireFinite("aligned", aligned.data, m);
    requireFinite("y", y.data, m);
    for (let i = 0; i < y.rows; i++) {
      this.inputs++;
      const plain = new CosineSum();
      const centred = new CosineSum();
      for (let j = 0; j < m; j++) {
        const a = aligned.data[i * m + j];
        const b = y.data[i * m + j];
        plain.add(a, b);
        centred.add(a - this.centre[j], b - this.centre[j]);
        this.#residual[j] += (b - a) * (b - a);
        // Welford's update.
        const difference = b - this.#mean[j];
        this.#mean[j] += difference / this.inputs;
        this.#scatter[j] += difference * (b - this.#mean[j]);
      }
      this.#cosine += plain.cosine();
      this.#centredCosine += centred.cosine();
    }
    return this;
  }

  /** Adds everything that `other` has seen; it must have the same centre. */
  merge(other: AlignmentQualityAccumulator): this {
    requireSize("other.outputWidth", other.outputWidth, this.outputWidth, "columns");
    if (!this.centre.every((value, j) => value === other.centre[j]))
      throw new InvalidInputError("other.centre", "differs", "Make every shard with the same centre.");
    if (other.inputs === 0) return this;
    const total = this.inputs + other.inputs;
    for (let j = 0; j < this.outputWidth; j++) {
      const shift = other.#mean[j] - this.#mean[j];
      this.#scatter[j] += other.#scatter[j] + (shift * shift * this.inputs * other.inputs) / total;
      this.#mean[j] += (shift * other.inputs) / total;
      this.#residual[j] += other.#residual[j];
    }
    this.#cosine += other.#cosine;
    this.#centredCosine += other.#centredCosine;
    this.inputs = total;
    return this;
  }

  /** The quality over the inputs seen so far. Throws InvalidInputError when there are none. */
  quality(): AlignmentQuality {
    if (this.inputs === 0)
      throw new InvalidInputError("inputs", "none were added", "Add held-out inputs first.");
    const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
    const r2 = (residual: number, scatter: number) => (scatter > 0 ? 1 - residual / scatter : Number.NaN);
    return {
      inputs: this.inputs,
      r2: r2(sum(this.#residual), sum(this.#scatter)),
      r2PerDimension: this.#residual.map((residual, j) => r2(residual, this.#scatter[j])),
      meanCosine: this.#cosine / this.inputs,
      meanCentredCosine: this.#centredCosine / this.inputs,
    };
  }

  encode(): Uint8Array {
    const numbers = Float64Array.of(this.inputs, this.#cosine, this.#centredCosine);
    return encodeArrays(KIND, [numbers, this.centre, this.#mean, this.#scatter, this.#residual]);
  }

  static decode(bytes: Uint8Array): AlignmentQualityAccumulator {
    const [numbers, centre, mean, scatter, residual] = decodeArrays(KIND, bytes);
    const accumulator = new AlignmentQualityAccumulator(centre);
    accumulator.inputs = numbers[0];
    accumulator.#cosine = numbers[1];
    accumulator.#centredCosine = numbers[2];
    accumulator.#mean.set(mean);
    accumulator.#scatter.set(scatter);
    accumulator.#residual.set(residual);
    return accumulator;
  }
}

/**
 * The quality of an alignment on inputs x (N×d) with VLM image embeddings y (N×m), at once.
 *
 * @param centre m: the mean VLM image embedding of the fitting inputs; the mean of y when left out
 */
export function alignmentQuality(
  alignment: Alignment,
  x: Matrix,
  y: Matrix,
  centre: ArrayLike<number> = columnMeans(y),
): AlignmentQuality {
  return new AlignmentQualityAccumulator(centre).add(applyAlignment(alignment, x), y).quality();
}

function columnMeans(y: Matrix): Float64Array {
  const mean = new Float64Array(y.columns);
  for (let i = 0; i < y.data.length; i++) mean[i % y.columns] += y.data[i] / y.rows;
  return mean;
}

/** Cosine of two vectors fed value by value; 0 when one of them is the zero vector. */
class CosineSum {
  #dot = 0;
  #a = 0;
  #b = 0;

  add(a: number, b: number): void {
    this.#dot += a * b;
    this.#a += a * a;
    this.#b += b * b;
  }

  cosine(): number {
    const norm = Math.sqrt(this.#a * this.#b);
    return norm > 0 ? this.#dot / norm : 0;
  }
}
