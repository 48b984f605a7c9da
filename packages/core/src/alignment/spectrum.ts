import { InvalidInputError } from "../errors.ts";
import { type Matrix, matrix, transposed } from "../matrix.ts";
import { crossProduct } from "../wasm/products/products.ts";
import { symmetricEigen } from "../wasm/products/symmetric-eigen.ts";
import type { AlignmentAccumulator } from "./accumulator.ts";

/**
 * The normal equations in the basis of the principal directions of X, in which ridge regression for every
 * lambda costs only a rescaling.
 */
export interface AlignmentSpectrum {
  /** Eigenvalues of the input scatter, d, ascending; negative rounding errors set to 0. */
  readonly eigenvalues: Float64Array;
  /** Eigenvectors V in the columns, d×d. */
  readonly eigenvectors: Matrix<Float64Array>;
  /** Vᵀ times the cross scatter, d×m. */
  readonly cross: Matrix<Float64Array>;
  /** Eigenvalues at or under this count as 0. */
  readonly tolerance: number;
  /** Number of eigenvalues over the tolerance. */
  readonly rank: number;
}

/** Decomposes the normal equations. Throws InvalidInputError with fewer than 2 inputs. */
export function alignmentSpectrum(accumulator: AlignmentAccumulator): AlignmentSpectrum {
  const { inputWidth: d, outputWidth: m, inputs } = accumulator;
  if (inputs < 2)
    throw new InvalidInputError(
      "accumulator",
      `has seen ${inputs} inputs`,
      "An affine map needs at least 2; add more unlabelled images.",
    );
  const { values, vectors } = symmetricEigen(matrix(d, d, accumulator.inputScatter));
  const eigenvalues = values.map((value) => Math.max(0, value));
  const eigenvectors = transposed(vectors);
  const cross = crossProduct(eigenvectors, matrix(d, m, accumulator.crossScatter));
  const largest = eigenvalues.reduce((a, b) => Math.max(a, b), 0);
  const tolerance = largest * Math.max(inputs, d) * Number.EPSILON;
  const rank = eigenvalues.filter((value) => value > tolerance).length;
  return { eigenvalues, eigenvectors, cross, tolerance, rank };
}

/** 1 / (eigenvalue + lambda), and 0 for directions that the inputs do not have. */
export function shrinkages({ eigenvalues, tolerance }: AlignmentSpectrum, lambda: number): Float64Array {
  return eigenvalues.map((value) => (value > tolerance ? 1 / (value + lambda) : 0));
}
