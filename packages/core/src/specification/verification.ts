import type { Highs } from "highs";
import type { Alignment } from "../alignment.ts";
import { InvalidInputError, requireSize } from "../errors.ts";
import type { Matrix } from "../matrix.ts";
import { type Case, type Comparison, casesOf, MOST_CASES, MOST_COMPARISONS } from "./cases.ts";
import { type Specification, satisfies } from "./expression.ts";

/** A linear head: logits = W·embedding + b. The first largest logit is the prediction. */
export interface LinearHead {
  /** K×d row-major. */
  readonly weights: Float64Array;
  /** K. */
  readonly bias: Float64Array;
}

/** What a specification is verified about. */
export interface VerificationModel {
  readonly alignment: Alignment;
  /** C×m. */
  readonly conceptVectors: Matrix;
  readonly head: LinearHead;
  /** The box of embeddings: d least and d greatest values, for instance those seen in data. */
  readonly box: { readonly lower: ArrayLike<number>; readonly upper: ArrayLike<number> };
}

export type Verification =
  /** No embedding in the box violates the specification. */
  | { readonly result: "HOLDS"; readonly cases: number }
  /** This one does; it was checked by evaluating the specification on it. */
  | { readonly result: "VIOLATED"; readonly witness: Float64Array; readonly predictedClass: number }
  | { readonly result: "UNKNOWN"; readonly reason: string };

/** A comparison as an affine function of the embedding, coefficients (d) and constant; it says that this is > 0. */
interface Literal {
  readonly coefficients: Float64Array;
  readonly constant: number;
}

/**
 * Numbers in one linear program's matrix, at most: 1,000 classes of a head of width 1,024 fit. HiGHS takes some 200
 * bytes a number.
 */
const MOST_NUMBERS = 2 ** 20;

/** A sum this close to zero, against the size of its terms, is not told from zero in float64. */
const ROUNDING = 1e-9;

/**
 * Verifies a specification for every embedding of a box (arXiv 2403.19837, section on linear heads).
 *
 * Both kinds of predicate are linear in the embedding: a head predicts k where w_k·x + b_k is largest, and
 * concept i is stronger than j where (t_i − t_j)·(Ax + b) > 0, because the norm of a(x) divides both sides.
 * The denial of the specification is brought into disjunctive normal form; for each case a linear program
 * (HiGHS) looks for the embedding that satisfies its literals with the largest margin. A case is closed only
 * by a Farkas certificate that is recomputed here from the dual values (a convex combination of the literals
 * that is negative on the whole box), so that HOLDS does not rest on the solver's tolerances; a witness
 * counts only if the specification, evaluated on it, is false.
 *
 * UNKNOWN: the specification uses `label(…)`, which no embedding determines; there are too many cases, or too large
 * ones; or the best margin of a case cannot be told from zero.
 *
 * Takes as long as its linear programs do, which may be hours: `verifySpecificationOnThread` (in parallel.ts) has a
 * deadline.
 *
 * @throws InvalidInputError when the parts of the model do not fit together
 */
export async function verifySpecification(
  specification: Specification,
  model: VerificationModel,
): Promise<Verification> {
  requireFit(model);
  if (usesLabel(specification))
    return {
      result: "UNKNOWN",
      reason: "The specification uses label(…), which the embedding does not determine.",
    };
  const cases = casesOf(specification, false, model.head.bias.length);
  if (!cases)
    return {
      result: "UNKNOWN",
      reason: `The specification has more than ${MOST_CASES} cases, or more than ${MOST_COMPARISONS} comparisons in them.`,
    };
  if (cases.some((comparisons) => comparisons.length * (model.alignment.inputWidth + 1) > MOST_NUMBERS))
    return { result: "UNKNOWN", reason: "A case of the specification is too large for a linear program." };
  const highs = await loadSolver();
  const literalsOf = literalsIn(model);
  let undecided = 0;
  for (const comparisons of cases) {
    const literals = literalsOf(comparisons);
    const { point, duals } = widestMargin(highs, literals, model.box);
    if (point && violates(specification, point, model, literalsOf))
      return { result: "VIOLATED", witness: point, predictedClass: predictedClass(point, model.head) };
    if (!duals || !isImpossible(literals, duals, model.box)) undecided++;
  }
  if (undecided > 0)
    return {
      result: "UNKNOWN",
      reason: `In ${undecided} of ${cases.length} cases the margin cannot be told from zero.`,
    };
  return { result: "HOLDS", cases: cases.length };
}

let solver: Promise<Highs> | undefined;

/** HiGHS, loaded when first needed and kept. */
function loadSolver(): Promise<Highs> {
  solver ??= import("highs").then(({ default: load }) => load());
  return solver;
}

/** Comparisons of a case as functions of the embedding, each once. Strengths take a product of matrices: they are kept. */
function literalsIn(model: VerificationModel): (comparisons: Case) => Literal[] {
  const strengths = new Map<string, Literal>();
  const literalOf = ({ of, greater, less }: Comparison, key: string): Literal => {
    if (of === "logit") return logitMargin(greater, less, model);
    const literal = strengths.get(key) ?? strengthMargin(greater, less, model);
    strengths.set(key, literal);
    return literal;
  };
  return (comparisons) => {
    const distinct = new Map(comparisons.map((one) => [`${one.of} ${one.greater} ${one.less}`, one]));
    return Array.from(distinct, ([key, comparison]) => literalOf(comparison, key));
  };
}

function usesLabel(expression: Specification): boolean {
  switch (expression.kind) {
    case "label":
      return true;
    case "predicted":
    case "stronger":
      return false;
    case "not":
      return usesLabel(expression.operand);
    case "implies":
      return usesLabel(expression.premise) || usesLabel(expression.conclusion);
    default:
      return expression.operands.some(usesLabel);
  }
}

/** Logit of class k less that of class other. */
function logitMargin(k: number, other: number, { head, alignment }: VerificationModel): Literal {
  const d = alignment.inputWidth;
  const coefficients = Float64Array.from(
    { length: d },
    (_, i) => head.weights[k * d + i] - head.weights[other * d + i],
  );
  return { coefficients, constant: head.bias[k] - head.bias[other] };
}

/** (t_i − t_j)·(Ax + b) as a function of x: positive where concept i is stronger than j. */
function strengthMargin(i: number, j: number, { alignment, conceptVectors }: VerificationModel): Literal {
  const { inputWidth: d, outputWidth: m, weights, bias } = alignment;
  const norms = [i, j].map((concept) => {
    let squares = 0;
    for (let k = 0; k < m; k++) squares += conceptVectors.data[concept * m + k] ** 2;
    return Math.sqrt(squares);
  });
  const coefficients = new Float64Array(d);
  let constant = 0;
  for (let k = 0; k < m; k++) {
    const direction = conceptVectors.data[i * m + k] / norms[0] - conceptVectors.data[j * m + k] / norms[1];
    constant += direction * bias[k];
    for (let l = 0; l < d; l++) coefficients[l] += direction * weights[k * d + l];
  }
  return { coefficients, constant };
}

/**
 * Maximises the least of the literals, each scaled to unit size on the box. The unknowns are the embedding's
 * place in the box, 0..1 a dimension, and the margin.
 */
function widestMargin(
  highs: Highs,
  literals: readonly Literal[],
  box: VerificationModel["box"],
): { point?: Float64Array; duals?: Float64Array } {
  const d = box.lower.length;
  const rows = literals.length;
  const middle = Float64Array.from(box.lower, (low, i) => (low + box.upper[i]) / 2);
  if (rows === 0) return { point: middle };
  const values = new Float64Array(rows * (d + 1));
  const rowLower = new Float64Array(rows);
  literals.forEach((literal, r) => {
    const scale = sizeOnBox(literal, box) || 1;
    let atLower = literal.constant;
    for (let i = 0; i < d; i++) {
      atLower += literal.coefficients[i] * box.lower[i];
      values[r * (d + 1) + i] = (literal.coefficients[i] * (box.upper[i] - box.lower[i])) / scale;
    }
    values[r * (d + 1) + d] = -1;
    rowLower[r] = -atLower / scale;
  });
  const columns = d + 1;
  return highs.withModel(
    {
      numCols: columns,
      numRows: rows,
      sense: highs.constants.objectiveSense.maximize,
      colCost: Float64Array.from({ length: columns }, (_, i) => (i === d ? 1 : 0)),
      colLower: Float64Array.from({ length: columns }, (_, i) => (i === d ? -highs.infinity : 0)),
      colUpper: Float64Array.from({ length: columns }, (_, i) => (i === d ? highs.infinity : 1)),
      rowLower,
      rowUpper: new Float64Array(rows).fill(highs.infinity),
      matrix: {
        format: "csr",
        numRows: rows,
        numCols: columns,
        starts: Int32Array.from({ length: rows + 1 }, (_, r) => r * columns),
        indices: Int32Array.from({ length: rows * columns }, (_, k) => k % columns),
        values,
      },
    },
    (program) => {
      program.options.set({ output_flag: false });
      program.run();
      if (program.getModelStatus() !== highs.constants.modelStatus.optimal) return {};
      const { colValue, rowDual } = program.getSolution();
      const point = Float64Array.from(middle, (_, i) => {
        const place = Math.min(1, Math.max(0, colValue[i]));
        return box.lower[i] + place * (box.upper[i] - box.lower[i]);
      });
      return { point, duals: rowDual };
    },
  );
}

/** The largest size that the literal's terms reach on the box; the unit in which margins are measured. */
function sizeOnBox({ coefficients, constant }: Literal, box: VerificationModel["box"]): number {
  let size = Math.abs(constant);
  for (let i = 0; i < coefficients.length; i++)
    size += Math.abs(coefficients[i]) * Math.max(Math.abs(box.lower[i]), Math.abs(box.upper[i]));
  return size;
}

/**
 * Farkas: the literals cannot all be >= 0 in the box when a combination of them with weights >= 0 is
 * negative at its maximum over the box, by more than rounding can explain.
 */
function isImpossible(
  literals: readonly Literal[],
  duals: Float64Array,
  box: VerificationModel["box"],
): boolean {
  const combined = new Float64Array(box.lower.length);
  let constant = 0;
  let size = 0;
  literals.forEach((literal, r) => {
    const scale = sizeOnBox(literal, box) || 1;
    // The sign of a dual is a convention; its size is the weight.
    const weight = Math.abs(duals[r]) / scale;
    size += Math.abs(duals[r]);
    constant += weight * literal.constant;
    for (let i = 0; i < combined.length; i++) combined[i] += weight * literal.coefficients[i];
  });
  let most = constant;
  for (let i = 0; i < combined.length; i++)
    most += Math.max(combined[i] * box.lower[i], combined[i] * box.upper[i]);
  return most < -ROUNDING * size;
}

function violates(
  specification: Specification,
  point: Float64Array,
  { head }: VerificationModel,
  literalsOf: (comparisons: Case) => Literal[],
): boolean {
  return !satisfies(specification, {
    predicted: predictedClass(point, head),
    stronger: (greater, less) => valueAt(literalsOf([{ of: "strength", greater, less }])[0], point) > 0,
  });
}

function valueAt({ coefficients, constant }: Literal, point: Float64Array): number {
  let value = constant;
  for (let i = 0; i < point.length; i++) value += coefficients[i] * point[i];
  return value;
}

function predictedClass(point: Float64Array, head: LinearHead): number {
  let best = 0;
  let bestLogit = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < head.bias.length; k++) {
    const coefficients = head.weights.subarray(k * point.length, (k + 1) * point.length);
    const logit = valueAt({ coefficients, constant: head.bias[k] }, point);
    if (logit > bestLogit) {
      best = k;
      bestLogit = logit;
    }
  }
  return best;
}

/** @throws InvalidInputError when the parts do not fit together */
export function requireFit({ alignment, conceptVectors, head, box }: VerificationModel): void {
  const d = alignment.inputWidth;
  requireSize("conceptVectors", conceptVectors.columns, alignment.outputWidth, "columns");
  requireSize(
    "head.weights",
    head.weights.length,
    head.bias.length * d,
    "numbers (classes × embedding width)",
  );
  requireSize("box.lower", box.lower.length, d, "numbers");
  requireSize("box.upper", box.upper.length, d, "numbers");
  for (let i = 0; i < d; i++)
    if (!(box.lower[i] <= box.upper[i] && Number.isFinite(box.upper[i] - box.lower[i])))
      throw new InvalidInputError(
        `box, dimension ${i}`,
        `runs from ${box.lower[i]} to ${box.upper[i]}`,
        "Pass finite bounds, the lower not above the upper.",
      );
}
