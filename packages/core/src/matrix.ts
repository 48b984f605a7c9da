/** What a matrix may hold. */
export type Floats = Float32Array | Float64Array;

/**
 * A dense row-major matrix, of float32 unless it says otherwise: element (i, j) is `data[i * columns + j]`.
 *
 * Embeddings are N×d or N×m, strengths N×C, logits N×K: inputs are always the rows.
 */
export interface Matrix<Values extends Floats = Float32Array> {
  readonly rows: number;
  readonly columns: number;
  readonly data: Values;
}

/** Wraps `data` as a rows×columns matrix without copying. Throws RangeError when the length does not fit. */
export function matrix(rows: number, columns: number, data?: Float32Array): Matrix;
export function matrix(rows: number, columns: number, data: Float64Array): Matrix<Float64Array>;
export function matrix(rows: number, columns: number, data?: Floats): Matrix<Floats> {
  if (!Number.isSafeInteger(rows) || rows < 0)
    throw new RangeError(`rows must be a whole number >= 0, got ${rows}`);
  if (!Number.isSafeInteger(columns) || columns < 0)
    throw new RangeError(`columns must be a whole number >= 0, got ${columns}`);
  const values = data ?? new Float32Array(rows * columns);
  if (values.length !== rows * columns)
    throw new RangeError(`a ${rows}x${columns} matrix needs ${rows * columns} values, got ${values.length}`);
  return { rows, columns, data: values };
}

/** Row i as a view (no copy). */
export function row(m: Matrix, i: number): Float32Array {
  return m.data.subarray(i * m.columns, (i + 1) * m.columns);
}

/** The rows with the given indices, copied in that order. */
export function selectRows(m: Matrix, indices: ArrayLike<number>): Matrix {
  const out = new Float32Array(indices.length * m.columns);
  for (let k = 0; k < indices.length; k++) out.set(row(m, indices[k]), k * m.columns);
  return { rows: indices.length, columns: m.columns, data: out };
}

/** The rows of matrices of one width, copied one below the other. @throws RangeError when the widths differ, or without any matrix */
export function stackRows(matrices: readonly Matrix[]): Matrix {
  if (matrices.length === 0) throw new RangeError("there is no matrix to stack");
  const [{ columns }] = matrices;
  const stacked = matrix(
    matrices.reduce((sum, { rows }) => sum + rows, 0),
    columns,
  );
  let at = 0;
  for (const part of matrices) {
    if (part.columns !== columns)
      throw new RangeError(`matrices of ${columns} and of ${part.columns} columns cannot be stacked`);
    stacked.data.set(part.data, at);
    at += part.data.length;
  }
  return stacked;
}

/** Rows and columns exchanged, copied. */
export function transposed({ rows, columns, data }: Matrix<Floats>): Matrix<Float64Array> {
  const out = new Float64Array(data.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = data[i * columns + j];
  return { rows: columns, columns: rows, data: out };
}
