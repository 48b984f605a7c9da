/** Quantile of the standard normal for 95 % intervals. */
const z = 1.959964;

/** Wilson's 95 % interval of a share of `total`; [0, 1] of nothing. */
export function wilsonInterval(share: number, total: number): { low: number; high: number } {
  if (total <= 0) return { low: 0, high: 1 };
  const square = z * z;
  const centre = (share + square / (2 * total)) / (1 + square / total);
  const half =
    (z * Math.sqrt((share * (1 - share)) / total + square / (4 * total * total))) / (1 + square / total);
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/** A band around a curve: at each x, between low and high. */
export type Band = readonly { readonly x: number; readonly low: number; readonly high: number }[];

/** Pointwise band of a ROC curve: what share of `positives` defects each threshold finds. */
export function rocBand(
  roc: readonly { readonly falsePositiveRate: number; readonly truePositiveRate: number }[],
  positives: number,
): Band {
  return roc.map(({ falsePositiveRate, truePositiveRate }) => ({
    x: falsePositiveRate,
    ...wilsonInterval(truePositiveRate, positives),
  }));
}

/** The interval of a share of fewer inputs would fill the plot. */
const fewest = 20;

/**
 * Pointwise band of a risk-coverage curve over `inputs`: the share of defects among those let through, from 20 of them
 * on.
 */
export function riskBand(
  curve: readonly { readonly coverage: number; readonly risk: number }[],
  inputs: number,
): Band {
  return curve.flatMap(({ coverage, risk }) => {
    const passed = Math.round(coverage * inputs);
    return passed < fewest ? [] : [{ x: coverage, ...wilsonInterval(risk, passed) }];
  });
}
