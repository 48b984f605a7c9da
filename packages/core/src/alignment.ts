import { decodeArrays, encodeArrays } from "./encoding.ts";
import { InvalidInputError, requireFinite, requireSize } from "./errors.ts";
import { addCrossProduct, crossProduct, rowProducts } from "./linear-algebra/products.ts";
import { symmetricEigen } from "./linear-algebra/symmetric-eigen.ts";
import type { Matrix } from "./matrix.ts";

const ACCUMULATOR_KIND = "faultline.alignment-accumulator.1";
const ALIGNMENT_KIND = "faultline.alignment.1";

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
    const batchMeanX = new Float64Array(x.columns);
    const batchMeanY = new Float64Array(y.columns);
    const centredX = centre(x, batchMeanX);
    const centredY = centre(y, batchMeanY);
    addCrossProduct(this.inputScatter, x.rows, centredX, x.columns, centredX, x.columns);
    addCrossProduct(this.crossScatter, x.rows, centredX, x.columns, centredY, y.columns);
    for (let i = 0, j = 0; i < centredY.length; i++, j = j + 1 === y.columns ? 0 : j + 1)
      this.outputScatter[j] += centredY[i] * centredY[i];
    this.#moveMeans(x.rows, batchMeanX, batchMeanY);
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
    return encodeArrays(ACCUMULATOR_KIND, [
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
    const [sizes, ...parts] = decodeArrays(ACCUMULATOR_KIND, bytes);
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

/** The means of the columns of `x` into `mean`, and a float64 copy of `x` less these means. */
function centre(x: Matrix, mean: Float64Array): Float64Array {
  const { rows, columns, data } = x;
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) mean[j] += data[i * columns + j];
  for (let j = 0; j < columns; j++) mean[j] /= rows;
  return subtractMean(x, mean);
}

function subtractMean(x: Matrix, mean: Float64Array): Float64Array {
  const centred = new Float64Array(x.data.length);
  for (let i = 0; i < x.rows; i++)
    for (let j = 0; j < x.columns; j++) centred[i * x.columns + j] = x.data[i * x.columns + j] - mean[j];
  return centred;
}

/**
 * The normal equations in the basis of the principal directions of X, in which ridge regression for every
 * lambda costs only a rescaling.
 */
export interface AlignmentSpectrum {
  /** Eigenvalues of the input scatter, d, ascending; negative rounding errors set to 0. */
  readonly eigenvalues: Float64Array;
  /** Eigenvectors V in the columns, d×d. */
  readonly eigenvectors: Float64Array;
  /** Vᵀ times the cross scatter, d×m. */
  readonly cross: Float64Array;
  /** Eigenvalues at or under this count as 0. */
  readonly tolerance: number;
  /** Number of eigenvalues over the tolerance. */
  readonly rank: number;
}

/** Decomposes the normal equations. Pass the result on where several fits use the same accumulator. */
export function alignmentSpectrum(accumulator: AlignmentAccumulator): AlignmentSpectrum {
  const { inputWidth: d, outputWidth: m, inputs } = accumulator;
  if (inputs < 2)
    throw new InvalidInputError(
      "accumulator",
      `has seen ${inputs} inputs`,
      "An affine map needs at least 2; add more unlabelled images.",
    );
  const { values, vectors } = symmetricEigen(d, accumulator.inputScatter);
  const eigenvalues = values.map((value) => Math.max(0, value));
  const eigenvectors = transpose(vectors, d, d);
  const cross = crossProduct(d, eigenvectors, d, accumulator.crossScatter, m);
  const largest = eigenvalues.reduce((a, b) => Math.max(a, b), 0);
  const tolerance = largest * Math.max(inputs, d) * Number.EPSILON;
  const rank = eigenvalues.filter((value) => value > tolerance).length;
  return { eigenvalues, eigenvectors, cross, tolerance, rank };
}

/** How to choose lambda. Without a grid, 19 values from 1e-6 to 1e3 times the mean eigenvalue are tried. */
export type LambdaSearch =
  /** Generalised cross-validation (Golub, Heath, Wahba 1979): leave-one-out with averaged leverage. Needs nothing but the accumulator. */
  | { readonly method: "generalised-cross-validation"; readonly grid?: readonly number[] }
  /** The squared error on inputs kept apart, given as their own accumulator. */
  | {
      readonly method: "held-out";
      readonly heldOut: AlignmentAccumulator;
      readonly grid?: readonly number[];
    }
  /** Exact leave-one-out; `errors` is filled by a second pass over the same inputs. */
  | { readonly method: "leave-one-out"; readonly errors: LeaveOneOutErrors };

export interface AlignmentOptions {
  /** A fixed ridge penalty >= 0 (scikit-learn's `alpha`: the intercept is free), or how to choose one. */
  readonly lambda?: number | LambdaSearch;
  /** The spectrum of the same accumulator, where it is at hand already. */
  readonly spectrum?: AlignmentSpectrum;
}

/** The affine map a(x) = A·x + b from encoder embeddings (R^d) to VLM image embeddings (R^m). */
export interface Alignment {
  readonly inputWidth: number;
  readonly outputWidth: number;
  /** A, m×d row-major. */
  readonly weights: Float64Array;
  /** b, m. */
  readonly bias: Float64Array;
  /** Ridge penalty that was used. */
  readonly lambda: number;
  /** Numerical rank of the centred encoder embeddings, 0..d; under d when they are collinear or d >= inputs. */
  readonly rank: number;
  /** Largest over smallest singular value of the centred encoder embeddings; Infinity when rank < d. */
  readonly conditionNumber: number;
  /** Degrees of freedom that the fit spends per output: Σ e/(e + lambda) over the eigenvalues, plus 1. */
  readonly degreesOfFreedom: number;
  /** Number of inputs that it was fitted to. */
  readonly inputs: number;
}

/**
 * Fits the alignment by ridge least squares: minimises ‖Y − XAᵀ − b‖² + lambda‖A‖² with a free intercept.
 *
 * With lambda = 0 and collinear or too few inputs the minimum-norm solution is given, as by LAPACK's gelsd;
 * directions whose singular value is under sqrt(max(n, d)·2.2e-16) of the largest count as absent (the normal
 * equations cannot resolve them). Default: lambda by generalised cross-validation.
 *
 * Throws InvalidInputError with fewer than 2 inputs or a negative lambda.
 */
export function fitAlignment(accumulator: AlignmentAccumulator, options: AlignmentOptions = {}): Alignment {
  const { inputWidth: d, outputWidth: m, inputs, inputMean, outputMean } = accumulator;
  const spectrum = options.spectrum ?? alignmentSpectrum(accumulator);
  const { eigenvalues, eigenvectors, cross, tolerance, rank } = spectrum;
  const choice = options.lambda ?? { method: "generalised-cross-validation" };
  const lambda = typeof choice === "number" ? choice : chooseLambda(accumulator, spectrum, choice);
  requireLambda("lambda", lambda);

  const shrinkage = shrinkages(spectrum, lambda);
  // Aᵀ = V·diag(shrinkage)·Vᵀ·(cross scatter); scaling rows of Vᵀ leaves one product to do.
  const scaled = Float64Array.from(eigenvectors, (value, index) => value * shrinkage[index % d]);
  const weights = rowProducts(d, transpose(cross, d, m), m, scaled, d);
  const bias = Float64Array.from(outputMean);
  for (let j = 0; j < m; j++) for (let i = 0; i < d; i++) bias[j] -= weights[j * d + i] * inputMean[i];

  const present = eigenvalues.filter((value) => value > tolerance);
  const degreesOfFreedom = eigenvalues.reduce((sum, value, i) => sum + value * shrinkage[i], 1);
  const conditionNumber =
    rank === d ? Math.sqrt(Math.max(...present) / Math.min(...present)) : Number.POSITIVE_INFINITY;
  return {
    inputWidth: d,
    outputWidth: m,
    weights,
    bias,
    lambda,
    rank,
    conditionNumber,
    degreesOfFreedom,
    inputs,
  };
}

/** a(x) of each row: x (N×d) gives N×m. A row gives the same bits alone and in a batch. */
export function applyAlignment(alignment: Alignment, x: Matrix): Matrix {
  const { inputWidth: d, outputWidth: m, weights, bias } = alignment;
  requireSize("x", x.columns, d, "columns");
  const mapped = rowProducts(d, x.data, x.rows, weights, m);
  const data = new Float32Array(mapped.length);
  for (let i = 0, j = 0; i < data.length; i++, j = j + 1 === m ? 0 : j + 1) data[i] = mapped[i] + bias[j];
  return { rows: x.rows, columns: m, data };
}

/** The alignment as bytes (float64 throughout: decoding gives the same map to the bit). */
export function encodeAlignment(a: Alignment): Uint8Array {
  const { inputWidth, outputWidth, lambda, rank, conditionNumber, degreesOfFreedom, inputs } = a;
  return encodeArrays(ALIGNMENT_KIND, [
    Float64Array.of(inputWidth, outputWidth, lambda, rank, conditionNumber, degreesOfFreedom, inputs),
    a.weights,
    a.bias,
  ]);
}

/** The alignment that `encodeAlignment` wrote. Throws InvalidInputError on other bytes. */
export function decodeAlignment(bytes: Uint8Array): Alignment {
  const arrays = decodeArrays(ALIGNMENT_KIND, bytes);
  requireSize("alignment", arrays.length, 3, "arrays");
  const [numbers, weights, bias] = arrays;
  requireSize("alignment", numbers.length, 7, "numbers");
  const [inputWidth, outputWidth, lambda, rank, conditionNumber, degreesOfFreedom, inputs] = numbers;
  for (const [field, width] of Object.entries({ inputWidth, outputWidth }))
    if (!Number.isSafeInteger(width) || width < 1)
      throw new InvalidInputError(`alignment.${field}`, `is ${width}`, "Pass the untouched bytes.");
  requireSize("alignment.weights", weights.length, inputWidth * outputWidth, "values");
  requireSize("alignment.bias", bias.length, outputWidth, "values");
  return {
    inputWidth,
    outputWidth,
    weights,
    bias,
    lambda,
    rank,
    conditionNumber,
    degreesOfFreedom,
    inputs,
  };
}

/** 19 penalties, two a decade, from 1e-6 to 1e3 times the mean eigenvalue of the input scatter. */
export function defaultLambdaGrid(spectrum: AlignmentSpectrum): Float64Array {
  const { eigenvalues } = spectrum;
  const mean = eigenvalues.reduce((a, b) => a + b, 0) / eigenvalues.length;
  const scale = mean > 0 ? mean : 1;
  return Float64Array.from({ length: 19 }, (_, k) => scale * 10 ** (k / 2 - 6));
}

/**
 * Exact leave-one-out errors of the ridge fit for every lambda of a grid, in closed form: the residual of an
 * input in the fit to all inputs, divided by 1 − its leverage, is its residual in the fit without it (free
 * intercept included). Needs a second pass over the inputs that the accumulator has seen; costs O(d²) per
 * input and lambda. Passes over shards add up.
 */
export class LeaveOneOutErrors {
  readonly grid: Float64Array;
  /** Sum over the inputs added so far of the squared leave-one-out residual, one per lambda. */
  readonly sums: Float64Array;
  readonly #accumulator: AlignmentAccumulator;
  readonly #spectrum: AlignmentSpectrum;
  readonly #crossGram: Float64Array;

  constructor(
    accumulator: AlignmentAccumulator,
    options: { readonly grid?: readonly number[]; readonly spectrum?: AlignmentSpectrum } = {},
  ) {
    this.#accumulator = accumulator;
    this.#spectrum = options.spectrum ?? alignmentSpectrum(accumulator);
    this.grid = Float64Array.from(options.grid ?? defaultLambdaGrid(this.#spectrum));
    requireGrid(this.grid);
    this.sums = new Float64Array(this.grid.length);
    const { inputWidth: d, outputWidth: m } = accumulator;
    this.#crossGram = rowProducts(m, this.#spectrum.cross, d, this.#spectrum.cross, d);
  }

  /** Adds a batch of the inputs that the accumulator was made of: x (N×d) and y (N×m). */
  add(x: Matrix, y: Matrix): this {
    const { inputWidth: d, outputWidth: m, inputMean, outputMean, inputs } = this.#accumulator;
    requireSize("x", x.columns, d, "columns");
    requireSize("y", y.columns, m, "columns");
    requireSize("y", y.rows, x.rows, "rows");
    const { eigenvalues, eigenvectors, cross } = this.#spectrum;
    const n = x.rows;
    const rotated = rowProducts(d, subtractMean(x, inputMean), n, transpose(eigenvectors, d, d), d);
    const targets = subtractMean(y, outputMean);
    const projected = rowProducts(m, targets, n, cross, d);
    for (let g = 0; g < this.grid.length; g++) {
      const shrinkage = shrinkages(this.#spectrum, this.grid[g]);
      const shrunk = rotated.map((value, index) => value * shrinkage[index % d]);
      const quadratic = rowProducts(d, shrunk, n, this.#crossGram, d);
      for (let i = 0; i < n; i++) {
        let residual = 0;
        for (let j = 0; j < m; j++) residual += targets[i * m + j] ** 2;
        let leverage = 1 / inputs;
        for (let k = i * d; k < (i + 1) * d; k++) {
          residual += shrunk[k] * (quadratic[k] - 2 * projected[k]);
          if (eigenvalues[k - i * d] > 0) leverage += shrunk[k] * rotated[k];
        }
        this.sums[g] += Math.max(0, residual) / Math.max(Number.EPSILON, 1 - leverage) ** 2;
      }
    }
    return this;
  }

  /** Adds the errors that another shard found with the same accumulator and grid. */
  merge(other: LeaveOneOutErrors): this {
    requireSize("other.grid", other.grid.length, this.grid.length, "values");
    for (let g = 0; g < this.sums.length; g++) this.sums[g] += other.sums[g];
    return this;
  }

  /** The lambda with the least error; the largest among equals. */
  best(): number {
    return leastError(this.grid, this.sums);
  }
}

function chooseLambda(
  accumulator: AlignmentAccumulator,
  spectrum: AlignmentSpectrum,
  search: LambdaSearch,
): number {
  if (search.method === "leave-one-out") return search.errors.best();
  const grid = Float64Array.from(search.grid ?? defaultLambdaGrid(spectrum));
  requireGrid(grid);
  const errors =
    search.method === "held-out"
      ? heldOutErrors(accumulator, spectrum, search.heldOut, grid)
      : generalisedCrossValidation(accumulator, spectrum, grid);
  return leastError(grid, errors);
}

/** GCV(lambda) = RSS / (1 − degrees of freedom / n)², from the normal equations alone. */
function generalisedCrossValidation(
  accumulator: AlignmentAccumulator,
  spectrum: AlignmentSpectrum,
  grid: Float64Array,
): Float64Array {
  const { inputs, outputWidth: m } = accumulator;
  const { eigenvalues, cross } = spectrum;
  const total = accumulator.outputScatter.reduce((a, b) => a + b, 0);
  const energy = eigenvalues.map((_, i) => squaredNorm(cross.subarray(i * m, (i + 1) * m)));
  return grid.map((lambda) => {
    const shrinkage = shrinkages(spectrum, lambda);
    let residual = total;
    let freedom = 1;
    for (let i = 0; i < eigenvalues.length; i++) {
      residual -= energy[i] * shrinkage[i] * (2 - eigenvalues[i] * shrinkage[i]);
      freedom += eigenvalues[i] * shrinkage[i];
    }
    const left = 1 - freedom / inputs;
    // With as many degrees of freedom as inputs the residual is rounding error and says nothing.
    return left > Math.sqrt(Number.EPSILON) ? Math.max(0, residual) / left ** 2 : Number.POSITIVE_INFINITY;
  });
}

/** Squared error on the held-out inputs for every lambda, from their normal equations alone. */
function heldOutErrors(
  accumulator: AlignmentAccumulator,
  spectrum: AlignmentSpectrum,
  heldOut: AlignmentAccumulator,
  grid: Float64Array,
): Float64Array {
  const { inputWidth: d, outputWidth: m } = accumulator;
  requireSize("heldOut.inputWidth", heldOut.inputWidth, d, "columns");
  requireSize("heldOut.outputWidth", heldOut.outputWidth, m, "columns");
  if (heldOut.inputs === 0)
    throw new InvalidInputError("heldOut", "has seen no inputs", "Add inputs that were not fitted to.");
  // About the means of the fit: S = scatter + n·δδᵀ, so one rotation serves every lambda.
  const shiftX = heldOut.inputMean.map((mean, i) => mean - accumulator.inputMean[i]);
  const shiftY = heldOut.outputMean.map((mean, j) => mean - accumulator.outputMean[j]);
  const n = heldOut.inputs;
  const inputScatter = heldOut.inputScatter.map(
    (value, index) => value + n * shiftX[Math.floor(index / d)] * shiftX[index % d],
  );
  const crossScatter = heldOut.crossScatter.map(
    (value, index) => value + n * shiftX[Math.floor(index / m)] * shiftY[index % m],
  );
  const total = heldOut.outputScatter.reduce((sum, value, j) => sum + value + n * shiftY[j] ** 2, 0);
  const { eigenvectors, cross } = spectrum;
  const half = crossProduct(d, inputScatter, d, eigenvectors, d);
  const rotatedScatter = crossProduct(d, eigenvectors, d, half, d);
  const rotatedCross = crossProduct(d, eigenvectors, d, crossScatter, m);
  const crossGram = rowProducts(m, cross, d, cross, d);
  const linear = spectrum.eigenvalues.map((_, i) => {
    let sum = 0;
    for (let j = i * m; j < (i + 1) * m; j++) sum += cross[j] * rotatedCross[j];
    return sum;
  });
  return grid.map((lambda) => {
    const shrinkage = shrinkages(spectrum, lambda);
    let error = total;
    for (let i = 0; i < d; i++) {
      error -= 2 * shrinkage[i] * linear[i];
      for (let k = 0; k < d; k++)
        error += shrinkage[i] * rotatedScatter[i * d + k] * shrinkage[k] * crossGram[i * d + k];
    }
    return error;
  });
}

/** 1 / (eigenvalue + lambda), and 0 for directions that the inputs do not have. */
function shrinkages(spectrum: AlignmentSpectrum, lambda: number): Float64Array {
  return spectrum.eigenvalues.map((value) => (value > spectrum.tolerance ? 1 / (value + lambda) : 0));
}

function leastError(grid: Float64Array, errors: Float64Array): number {
  let best = 0;
  for (let g = 1; g < grid.length; g++)
    if (errors[g] < errors[best] || (errors[g] === errors[best] && grid[g] > grid[best])) best = g;
  return grid[best];
}

function requireGrid(grid: Float64Array): void {
  if (grid.length === 0) throw new InvalidInputError("grid", "is empty", "Pass at least one lambda.");
  grid.forEach((lambda, g) => {
    requireLambda(`grid[${g}]`, lambda);
  });
}

function requireLambda(field: string, lambda: number): void {
  if (!(lambda >= 0 && Number.isFinite(lambda)))
    throw new InvalidInputError(field, `is ${lambda}`, "Pass a finite ridge penalty >= 0.");
}

function addTo(target: Float64Array, values: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i] += values[i];
}

function transpose(values: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(values.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) out[j * rows + i] = values[i * columns + j];
  return out;
}

function squaredNorm(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}
