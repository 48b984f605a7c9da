import type { AlignmentAccumulator } from "./accumulator.ts";
import { type AlignmentSpectrum, shrinkages } from "./spectrum.ts";

/**
 * The ridge penalty of the grid with the least error by generalised cross-validation (Golub, Heath, Wahba 1979):
 * leave-one-out with averaged leverage, which needs nothing but the accumulator. The largest among equals.
 *
 * @param grid penalties >= 0, at least one
 */
export function chooseLambda(
  accumulator: AlignmentAccumulator,
  spectrum: AlignmentSpectrum,
  grid = penaltyGrid(spectrum),
): number {
  const errors = generalisedCrossValidation(accumulator, spectrum, grid);
  let best = 0;
  for (let g = 1; g < grid.length; g++)
    if (errors[g] < errors[best] || (errors[g] === errors[best] && grid[g] > grid[best])) best = g;
  return grid[best];
}

/** 19 penalties, two a decade, from 1e-6 to 1e3 times the mean eigenvalue of the input scatter. */
function penaltyGrid({ eigenvalues }: AlignmentSpectrum): Float64Array {
  const mean = eigenvalues.reduce((a, b) => a + b, 0) / eigenvalues.length;
  const scale = mean > 0 ? mean : 1;
  return Float64Array.from({ length: 19 }, (_, k) => scale * 10 ** (k / 2 - 6));
}

/** GCV(lambda) = RSS / (1 − degrees of freedom / n)², from the normal equations alone. */
function generalisedCrossValidation(
  accumulator: AlignmentAccumulator,
  spectrum: AlignmentSpectrum,
  grid: Float64Array,
): Float64Array {
  const { inputs, outputWidth: m } = accumulator;
  const { eigenvalues, cross } = spectrum;
  const total = accumulator.outputScatter.reduce((a, b) => a + b, 0);
  const energy = eigenvalues.map((_, i) => squaredNorm(cross.data.subarray(i * m, (i + 1) * m)));
  return grid.map((lambda) => {
    const shrinkage = shrinkages(spectrum, lambda);
    let residual = total;
    let freedom = 1;
    for (let i = 0; i < eigenvalues.length; i++) {
      residual -= energy[i] * shrinkage[i] * (2 - eigenvalues[i] * shrinkage[i]);
      freedom += eigenvalues[i] * shrinkage[i];
    }
    const left = 1 - freedom / inputs;
    // With as many degrees of freedom as inputs the residual is rounding error and says nothing.
    return left > Math.sqrt(Number.EPSILON) ? Math.max(0, residual) / left ** 2 : Number.POSITIVE_INFINITY;
  });
}

function squaredNorm(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}
