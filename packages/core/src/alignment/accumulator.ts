import { decodeArrays, encodeArrays } from "../encoding.ts";
import { InvalidInputError, requireFinite, requireSize } from "../errors.ts";
import type { Matrix } from "../matrix.ts";
import { addCrossProduct } from "../wasm/products/products.ts";

const KIND = "faultline.alignment-accumulator.1";

/**
 * The normal equations of the alignment, gathered from a stream of inputs: count, means, and the scatter
 * (sums of products about the means) of encoder embeddings X (width d) and VLM image embeddings Y (width m).
 *
 * Keeping the scatter about the running mean instead of raw sums avoids cancellation when the mean is large
 * against the spread, as it is for CLIP. Batches and shards are combined by the pairwise update of Chan,
 * Golub and LeVeque (1979). Memory is O(d² + dm) however many inputs there are.
 */
export class AlignmentAccumulator {
  readonly inputWidth: number;
  readonly outputWidth: number;
  /** Number of inputs seen. */
  inputs = 0;
  /** Mean of X, d. */
  readonly inputMean: Float64Array;
  /** Mean of Y, m. */
  readonly outputMean: Float64Array;
  /** (X − mean)ᵀ(X − mean), d×d. */
  readonly inputScatter: Float64Array;
  /** (X − mean)ᵀ(Y − mean), d×m. */
  readonly crossScatter: Float64Array;
  /** Diagonal of (Y − mean)ᵀ(Y − mean), m. */
  readonly outputScatter: Float64Array;

  /** @param inputWidth d >= 1 @param outputWidth m >= 1 */
  constructor(inputWidth: number, outputWidth: number) {
    for (const [field, width] of Object.entries({ inputWidth, outputWidth }))
      if (!Number.isSafeInteger(width) || width < 1)
        throw new InvalidInputError(field, `is ${width}`, "Pass a whole number >= 1.");
    this.inputWidth = inputWidth;
    this.outputWidth = outputWidth;
    this.inputMean = new Float64Array(inputWidth);
    this.outputMean = new Float64Array(outputWidth);
    this.inputScatter = new Float64Array(inputWidth * inputWidth);
    this.crossScatter = new Float64Array(inputWidth * outputWidth);
    this.outputScatter = new Float64Array(outputWidth);
  }

  /**
   * Adds a batch of inputs: encoder embeddings x (N×d) and, row by row, the VLM's image embeddings y (N×m) of
   * the same images. Throws InvalidInputError on a wrong shape, a NaN or an infinity; the accumulator is then
   * unchanged.
   */
  add(x: Matrix, y: Matrix): this {
    requireSize("x", x.columns, this.inputWidth, "columns");
    requireSize("y", y.columns, this.outputWidth, "columns");
    requireSize("y", y.rows, x.rows, "rows");
    requireFinite("x", x.data, x.columns);
    requireFinite("y", y.data, y.columns);
    if (x.rows === 0) return this;
    const meanX = columnMeans(x);
    const meanY = columnMeans(y);
    const centredX = centred(x, meanX);
    const centredY = centred(y, meanY);
    addCrossProduct(this.inputScatter, centredX, centredX);
    addCrossProduct(this.crossScatter, centredX, centredY);
    const { data } = centredY;
    for (let i = 0, j = 0; i < data.length; i++, j = j + 1 === y.columns ? 0 : j + 1)
      this.outputScatter[j] += data[i] * data[i];
    this.#moveMeans(x.rows, meanX, meanY);
    return this;
  }

  /** Adds everything that `other` has seen. Throws InvalidInputError when its widths differ. */
  merge(other: AlignmentAccumulator): this {
    requireSize("other.inputWidth", other.inputWidth, this.inputWidth, "columns");
    requireSize("other.outputWidth", other.outputWidth, this.outputWidth, "columns");
    if (other.inputs === 0) return this;
    addTo(this.inputScatter, other.inputScatter);
    addTo(this.crossScatter, other.crossScatter);
    addTo(this.outputScatter, other.outputScatter);
    this.#moveMeans(other.inputs, other.inputMean, other.outputMean);
    return this;
  }

  /** Counts inputs whose scatter about their own means was added, and refers the sum to the common means. */
  #moveMeans(inputs: number, inputMean: Float64Array, outputMean: Float64Array): void {
    const { inputWidth: d, outputWidth: m } = this;
    const total = this.inputs + inputs;
    const weight = (this.inputs * inputs) / total;
    const shiftX = inputMean.map((mean, i) => mean - this.inputMean[i]);
    const shiftY = outputMean.map((mean, j) => mean - this.outputMean[j]);
    if (weight > 0) {
      for (let i = 0; i < d; i++) {
        const scaled = weight * shiftX[i];
        // scaled·shiftX[k] rounds differently in the two triangles: fill both from one.
        for (let k = i; k < d; k++) {
          const sum = this.inputScatter[i * d + k] + scaled * shiftX[k];
          this.inputScatter[i * d + k] = sum;
          this.inputScatter[k * d + i] = sum;
        }
        for (let j = 0; j < m; j++) this.crossScatter[i * m + j] += scaled * shiftY[j];
      }
      for (let j = 0; j < m; j++) this.outputScatter[j] += weight * shiftY[j] * shiftY[j];
    }
    for (let i = 0; i < d; i++) this.inputMean[i] += (shiftX[i] * inputs) / total;
    for (let j = 0; j < m; j++) this.outputMean[j] += (shiftY[j] * inputs) / total;
    this.inputs = total;
  }

  /** The accumulator as bytes, for a shard to hand over. */
  encode(): Uint8Array {
    return encodeArrays(KIND, [
      Float64Array.of(this.inputWidth, this.outputWidth, this.inputs),
      this.inputMean,
      this.outputMean,
      this.inputScatter,
      this.crossScatter,
      this.outputScatter,
    ]);
  }

  /** The accumulator that `encode` wrote. Throws InvalidInputError on other bytes. */
  static decode(bytes: Uint8Array): AlignmentAccumulator {
    const [sizes, ...parts] = decodeArrays(KIND, bytes);
    const accumulator = new AlignmentAccumulator(sizes[0], sizes[1]);
    accumulator.inputs = sizes[2];
    accumulator.inputMean.set(parts[0]);
    accumulator.outputMean.set(parts[1]);
    accumulator.inputScatter.set(parts[2]);
    accumulator.crossScatter.set(parts[3]);
    accumulator.outputScatter.set(parts[4]);
    return accumulator;
  }
}

/**
 * The shards' inputs together. The shards are merged from first to last, so that the answer depends on their
 * order alone and not on which worker computed which: keep them in order and the bits stay the same.
 */
export function mergeAlignmentAccumulators(shards: readonly AlignmentAccumulator[]): AlignmentAccumulator {
  if (shards.length === 0)
    throw new InvalidInputError("shards", "is empty", "Pass the accumulator of at least one shard.");
  const total = new AlignmentAccumulator(shards[0].inputWidth, shards[0].outputWidth);
  for (const shard of shards) total.merge(shard);
  return total;
}

/** The mean of each column; NaN without rows. */
function columnMeans({ rows, columns, data }: Matrix): Float64Array {
  const mean = new Float64Array(columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) mean[j] += data[i * columns + j];
  for (let j = 0; j < columns; j++) mean[j] /= rows;
  return mean;
}

/** A copy of `x` less a mean of each column. */
function centred({ rows, columns, data }: Matrix, mean: Float64Array): Matrix<Float64Array> {
  const less = new Float64Array(data.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) less[i * columns + j] = data[i * columns + j] - mean[j];
  return { rows, columns, data: less };
}

function addTo(target: Float64Array, values: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i] += values[i];
}
