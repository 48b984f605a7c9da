import { Matrix as DenseMatrix, EigenvalueDecomposition } from "ml-matrix";
import { linearAlgebraKernel } from "./kernel.ts";

export interface SymmetricEigen {
  /** n, ascending. */
  readonly values: Float64Array;
  /** n×n row-major, unit eigenvector of values[i] in row i. */
  readonly vectors: Float64Array;
}

/**
 * Eigenvalues and eigenvectors of a symmetric n×n matrix (row-major, both triangles), by the kernel; by ml-matrix
 * where WebAssembly SIMD is missing or the iteration does not converge. Errors are of the order of 2.2e-16 times
 * the largest eigenvalue.
 */
export function symmetricEigen(n: number, matrix: Float64Array): SymmetricEigen {
  const found = byKernel(n, matrix) ?? byLibrary(n, matrix);
  const order = Uint32Array.from({ length: n }, (_, i) => i).sort(
    (a, b) => found.values[a] - found.values[b],
  );
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => {
    vectors.set(found.vectors.subarray(from * n, (from + 1) * n), to * n);
  });
  return { values: Float64Array.from(order, (i) => found.values[i]), vectors };
}

function byKernel(n: number, matrix: Float64Array): SymmetricEigen | undefined {
  const kernel = linearAlgebraKernel();
  if (!kernel) return undefined;
  const [a, z, d, e] = kernel.reserve(n * n, n * n, n, 3 * n);
  a.set(matrix);
  const failed = kernel.exports.symmetricEigen(n, a.byteOffset, z.byteOffset, d.byteOffset, e.byteOffset);
  return failed ? undefined : { values: d, vectors: z };
}

function byLibrary(n: number, matrix: Float64Array): SymmetricEigen {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    DenseMatrix.from1DArray(n, n, matrix),
    { assumeSymmetric: true },
  );
  return {
    values: Float64Array.from(realEigenvalues),
    vectors: Float64Array.from(eigenvectorMatrix.transpose().to1DArray()),
  };
}
