import { requireSize } from "../errors.ts";
import { type Matrix, matrix } from "../matrix.ts";
import { rowProducts } from "../wasm/products/products.ts";

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

/** a(x) of each row: x (N×d) gives N×m. A row gives the same bits alone and in a batch. */
export function applyAlignment(alignment: Alignment, x: Matrix): Matrix {
  const { inputWidth: d, outputWidth: m, weights, bias } = alignment;
  requireSize("x", x.columns, d, "columns");
  const mapped = rowProducts(x, matrix(m, d, weights)).data;
  const data = new Float32Array(mapped.length);
  for (let i = 0, j = 0; i < data.length; i++, j = j + 1 === m ? 0 : j + 1) data[i] = mapped[i] + bias[j];
  return { rows: x.rows, columns: m, data };
}
