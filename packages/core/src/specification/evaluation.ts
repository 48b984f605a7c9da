import { requireSize } from "../errors.ts";
import { requireCountable } from "../heatmap.ts";
import type { Matrix } from "../matrix.ts";
import { type Interval, wilsonInterval } from "../statistics/proportion.ts";
import { type Specification, satisfies } from "./expression.ts";

/** How a specification fares on data. */
export interface SpecificationEvaluation {
  readonly inputs: number;
  readonly satisfied: number;
  /** Share of all inputs that satisfy it, with its Wilson interval. */
  readonly share: Interval;
  /**
   * For `premise => conclusion`: the inputs where the premise holds. The others satisfy it emptily. For other
   * specifications: all inputs.
   */
  readonly applicable: number;
  /** Share of the applicable inputs that satisfy it, with its Wilson interval. */
  readonly applicableShare: Interval;
  /** Row numbers of inputs that violate it, the first ones. */
  readonly counterexamples: readonly number[];
}

/** The inputs to evaluate on; `labels` are needed only when the specification uses `label(…)`. */
export interface SpecificationData {
  /** N×C. */
  readonly strengths: Matrix;
  readonly predictions: ArrayLike<number>;
  readonly labels?: ArrayLike<number>;
}

/**
 * Evaluates a specification on inputs.
 *
 * @param rows only these inputs; all when left out
 * @param limit most counterexamples to name; default 20
 */
export function evaluateSpecification(
  specification: Specification,
  data: SpecificationData,
  rows?: ArrayLike<number>,
  limit = 20,
): SpecificationEvaluation {
  const { strengths, predictions, labels } = data;
  requireSize("predictions", predictions.length, strengths.rows, "class numbers (one an input)");
  if (labels) requireSize("labels", labels.length, strengths.rows, "class numbers (one an input)");
  const chosen = rows ?? Uint32Array.from({ length: strengths.rows }, (_, row) => row);
  requireCountable(strengths, chosen);
  let satisfied = 0;
  let applicable = 0;
  let violated = 0;
  const counterexamples: number[] = [];
  for (let k = 0; k < chosen.length; k++) {
    const row = chosen[k];
    const start = row * strengths.columns;
    const input = {
      stronger: (i: number, j: number) => strengths.data[start + i] > strengths.data[start + j],
      predicted: predictions[row],
      label: labels?.[row],
    };
    if (specification.kind !== "implies" || satisfies(specification.premise, input)) applicable++;
    if (satisfies(specification, input)) satisfied++;
    else if (++violated && counterexamples.length < limit) counterexamples.push(row);
  }
  return {
    inputs: chosen.length,
    satisfied,
    share: wilsonInterval(satisfied, chosen.length),
    applicable,
    applicableShare: wilsonInterval(applicable - violated, applicable),
    counterexamples,
  };
}
