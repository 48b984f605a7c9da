import { Matrix as DenseMatrix, EigenvalueDecomposition } from "ml-matrix";
import type { Matrix } from "../../matrix.ts";
import { productsKernel, reserveArrays } from "./kernel.ts";

export interface SymmetricEigen {
  /** n, ascending. */
  readonly values: Float64Array;
  /** n×n, unit eigenvector of values[i] in row i. */
  readonly vectors: Matrix<Float64Array>;
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix (both triangles), by the kernel; by ml-matrix
 * where WebAssembly SIMD is missing or the iteration does not converge. Errors are of the order of 2.2e-16 times
 * the largest eigenvalue.
 */
export function symmetricEigen({ rows: n, data }: Matrix<Float64Array>): SymmetricEigen {
  const found = byKernel(n, data) ?? byLibrary(n, data);
  const order = Uint32Array.from({ length: n }, (_, i) => i).sort(
    (a, b) => found.values[a] - found.values[b],
  );
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => {
    vectors.set(found.vectors.subarray(from * n, (from + 1) * n), to * n);
  });
  return {
    values: Float64Array.from(order, (i) => found.values[i]),
    vectors: { rows: n, columns: n, data: vectors },
  };
}

/** In no order; the eigenvectors in rows. */
interface Found {
  readonly values: Float64Array;
  readonly vectors: Float64Array;
}

function byKernel(n: number, matrix: Float64Array): Found | undefined {
  const kernel = productsKernel();
  if (!kernel) return undefined;
  const [a, z, d, e] = reserveArrays(kernel, n * n, n * n, n, 3 * n);
  a.set(matrix);
  const failed = kernel.symmetricEigen(n, a.byteOffset, z.byteOffset, d.byteOffset, e.byteOffset);
  return failed ? undefined : { values: d, vectors: z };
}

function byLibrary(n: number, matrix: Float64Array): Found {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    DenseMatrix.from1DArray(n, n, matrix),
    { assumeSymmetric: true },
  );
  return {
    values: Float64Array.from(realEigenvalues),
    vectors: Float64Array.from(eigenvectorMatrix.transpose().to1DArray()),
  };
}
