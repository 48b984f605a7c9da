import { InvalidInputError, requireFinite, requireSize } from "./errors.ts";
import type { Matrix } from "./matrix.ts";
import { rowProducts } from "./wasm/products/products.ts";

/**
 * Strengths s_c(x) = cos(e(x), t_c) of every concept in every input.
 *
 * @param embeddings N×m: aligned embeddings a(x), or the VLM's own image embeddings
 * @param concepts C×m concept vectors (any length > 0)
 * @returns N×C, in [-1, 1]. Sums run from the first column to the last in float64 and are rounded to float32
 *   once, so that an input has the same strengths alone and in a batch, on every machine
 *
 * Throws InvalidInputError on other widths, a NaN or infinity (naming the input), or a zero vector.
 */
export function strengths(embeddings: Matrix, concepts: Matrix): Matrix {
  requireSize("concepts", concepts.columns, embeddings.columns, "columns");
  requireFinite("embeddings", embeddings.data, embeddings.columns);
  requireFinite("concepts", concepts.data, concepts.columns);
  const inputNorms = rowNorms("embeddings, input", embeddings);
  const conceptNorms = rowNorms("concepts, concept", concepts);
  const dots = rowProducts(embeddings, concepts).data;
  const data = new Float32Array(dots.length);
  for (let i = 0; i < embeddings.rows; i++)
    for (let c = 0; c < concepts.rows; c++) {
      const cosine = dots[i * concepts.rows + c] / (inputNorms[i] * conceptNorms[c]);
      data[i * concepts.rows + c] = Math.min(1, Math.max(-1, cosine));
    }
  return { rows: embeddings.rows, columns: concepts.rows, data };
}

function rowNorms(field: string, m: Matrix): Float64Array {
  const norms = new Float64Array(m.rows);
  for (let i = 0; i < m.rows; i++) {
    let sum = 0;
    for (let j = i * m.columns; j < (i + 1) * m.columns; j++) sum += m.data[j] * m.data[j];
    if (sum === 0)
      throw new InvalidInputError(
        `${field} ${i}`,
        "is the zero vector, which has no direction",
        "Check the model that made it.",
      );
    norms[i] = Math.sqrt(sum);
  }
  return norms;
}
