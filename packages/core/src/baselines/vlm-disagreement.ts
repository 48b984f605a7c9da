import { InvalidInputError, requireFinite, requireSize } from "../errors.ts";
import type { Matrix } from "../matrix.ts";
import { row } from "../matrix.ts";
import { requireClass } from "../oracle.ts";

/**
 * VLM disagreement: how much nearer a(x) is to the text of another class than to that of the predicted class.
 * Over 0: the head's class is not the zero-shot class of a(x). The simplest semantic rival of the heatmaps.
 *
 * @param classStrengths N×K, `strengths(aligned, classVectors)`
 * @param predictions N predicted classes
 * @returns N margins in [-2, 2]; higher = more likely a defect
 */
export function vlmDisagreementScores(classStrengths: Matrix, predictions: ArrayLike<number>): Float64Array {
  const { rows, columns } = classStrengths;
  requireSize("predictions", predictions.length, rows, "predictions (one an input)");
  requireFinite("classStrengths", classStrengths.data, columns);
  if (columns < 2)
    throw new InvalidInputError("classStrengths", `has ${columns} classes`, "Pass at least 2 classes.");
  return Float64Array.from({ length: rows }, (_, i) => {
    requireClass("predictions", predictions, i, columns);
    const values = row(classStrengths, i);
    let bestOther = Number.NEGATIVE_INFINITY;
    values.forEach((value, k) => {
      if (k !== predictions[i]) bestOther = Math.max(bestOther, value);
    });
    return bestOther - values[predictions[i]];
  });
}
