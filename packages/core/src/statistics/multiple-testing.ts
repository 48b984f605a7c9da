/**
 * Benjamini-Hochberg q-values: the smallest false-discovery rate at which each hypothesis is rejected
 * (Benjamini & Hochberg 1995). NaN marks a hypothesis that was not tested: it stays NaN and does not count.
 *
 * @param pValues in [0, 1] or NaN, any order
 * @returns the q-values in the same order
 */
export function benjaminiHochberg(pValues: ArrayLike<number>): Float64Array {
  const sorted = Float64Array.from(pValues).sort(); // NaN sorts last
  let tested = sorted.length;
  while (tested > 0 && Number.isNaN(sorted[tested - 1])) tested--;
  const stepUp = new Float64Array(tested);
  let smallest = 1;
  for (let rank = tested; rank > 0; rank--) {
    smallest = Math.min(smallest, sorted[rank - 1] * (tested / rank));
    stepUp[rank - 1] = smallest;
  }
  // Equal p-values share a q-value, so a p-value's first place in the sorted list names its q.
  return Float64Array.from(pValues, (p) => (Number.isNaN(p) ? p : stepUp[firstIndexOf(sorted, p, tested)]));
}

function firstIndexOf(sorted: Float64Array, value: number, length: number): number {
  let low = 0;
  let high = length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
