import { InvalidInputError, requireFinite, requireSize } from "./errors.ts";
import type { Matrix } from "./matrix.ts";
import { row } from "./matrix.ts";
import { rowProducts } from "./wasm/products/products.ts";

/**
 * The prompts of one concept, one per template in order. A template holds exactly one `{}`, which the phrase
 * replaces. Throws InvalidInputError on an empty phrase, no templates, or a template without exactly one `{}`.
 */
export function prompts(concept: string, templates: readonly string[]): string[] {
  const phrase = concept.trim();
  if (phrase === "")
    throw new InvalidInputError("concept", "is an empty phrase", "Name the concept in words.");
  if (templates.length === 0)
    throw new InvalidInputError("templates", "is empty", 'Pass at least one, such as "a photo of {}".');
  return templates.map((template, t) => {
    const [before, after, ...more] = template.split("{}");
    if (after === undefined || more.length > 0)
      throw new InvalidInputError(
        `templates[${t}]`,
        `"${template}" does not hold exactly one {}`,
        'Write {} once, where the phrase goes, such as "a photo of {}".',
      );
    return before + phrase + after;
  });
}

export interface ConceptVectorOptions {
  /**
   * Subtract this mean text embedding (m values, see `meanTextEmbedding`) from every normalised text embedding
   * before averaging. Off by default. It removes what all texts share (the modality gap), and changes the
   * cosines' spread but also their noise; bench/ablation.ts compares both.
   */
  readonly centre?: ArrayLike<number>;
}

/**
 * Concept vectors: for each concept the normalised mean of the normalised text embeddings of its prompts.
 *
 * @param textEmbeddings (C·T)×m: the prompts of concept 0 first, then of concept 1, as `prompts` lists them
 * @param templates T, the number of prompts per concept
 * @returns C×m, rows of unit length
 *
 * Throws InvalidInputError when the rows do not divide into T, a value is not finite, or a mean is zero (the
 * prompts cancel out, so that no direction is left).
 */
export function conceptVectors(
  textEmbeddings: Matrix,
  templates: number,
  options: ConceptVectorOptions = {},
): Matrix {
  const { rows, columns: m } = textEmbeddings;
  if (!Number.isSafeInteger(templates) || templates < 1 || rows % templates !== 0)
    throw new InvalidInputError(
      "templates",
      `${templates} templates do not divide ${rows} text embeddings`,
      "Pass one text embedding per concept and template.",
    );
  if (options.centre) requireSize("centre", options.centre.length, m, "values");
  requireFinite("textEmbeddings", textEmbeddings.data, m);
  const concepts = rows / templates;
  const data = new Float32Array(concepts * m);
  for (let c = 0; c < concepts; c++) {
    const mean = new Float64Array(m);
    for (let t = 0; t < templates; t++) {
      const unit = normalised(row(textEmbeddings, c * templates + t));
      if (!unit) throw zeroVector(`textEmbeddings, row ${c * templates + t}`);
      for (let j = 0; j < m; j++) mean[j] += unit[j] - (options.centre?.[j] ?? 0);
    }
    const vector = normalised(mean);
    if (!vector) throw zeroVector(`textEmbeddings, concept ${c}`);
    data.set(vector, c * m);
  }
  return { rows: concepts, columns: m, data };
}

/** Mean of the normalised text embeddings (N×m), m values: the centre of the texts of a VLM. */
export function meanTextEmbedding(textEmbeddings: Matrix): Float64Array {
  const mean = new Float64Array(textEmbeddings.columns);
  for (let i = 0; i < textEmbeddings.rows; i++) {
    const unit = normalised(row(textEmbeddings, i));
    if (!unit) throw zeroVector(`textEmbeddings, row ${i}`);
    for (let j = 0; j < mean.length; j++) mean[j] += unit[j] / textEmbeddings.rows;
  }
  return mean;
}

/**
 * Redundancy of concepts: the cosine of each pair, C×C, in [-1, 1]. Concepts near 1 say the same, so that the
 * predicates between them are noise.
 */
export function conceptRedundancy(concepts: Matrix): Matrix {
  const { rows, columns } = concepts;
  const unit = new Float64Array(concepts.data.length);
  for (let c = 0; c < rows; c++) {
    const vector = normalised(row(concepts, c));
    if (!vector) throw zeroVector(`concepts, row ${c}`);
    unit.set(vector, c * columns);
  }
  const units = { rows, columns, data: unit };
  const cosines = rowProducts(units, units).data;
  return {
    rows,
    columns: rows,
    data: Float32Array.from(cosines, (value) => Math.min(1, Math.max(-1, value))),
  };
}

/** The vector at unit length in float64, or undefined when it is zero. */
export function normalised(vector: ArrayLike<number>): Float64Array | undefined {
  let sum = 0;
  for (let j = 0; j < vector.length; j++) sum += vector[j] * vector[j];
  if (!(sum > 0)) return undefined;
  const norm = Math.sqrt(sum);
  const unit = new Float64Array(vector.length);
  for (let j = 0; j < unit.length; j++) unit[j] = vector[j] / norm;
  return unit;
}

function zeroVector(field: string): InvalidInputError {
  return new InvalidInputError(field, "is the zero vector", "Check the text tower that made it.");
}
