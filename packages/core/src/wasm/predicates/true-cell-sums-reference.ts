/**
 * Sums, for one input, the weights of the true cells of its heatmap by concept: a cell (i, j) with strength
 * i > strength j is added to concept i and to concept j.
 *
 * The order of additions is part of the contract, so that every implementation gives the same bits: stronger
 * concept by stronger concept, ties in the order of concepts, and the weaker ones in the same order.
 *
 * @param strengths C numbers, no NaN
 * @param weights C×C pairs (correct, incorrect), interleaved
 * @param sums C pairs, overwritten
 * @returns the number of true cells
 */
export function sumTrueCellsReference(
  strengths: Float32Array,
  weights: Float64Array,
  sums: Float64Array,
): number {
  const concepts = strengths.length;
  const order = Array.from(strengths.keys()).sort((a, b) => strengths[b] - strengths[a] || a - b);
  sums.fill(0);
  let trueCells = 0;
  for (const stronger of order) {
    let correct = 0;
    let incorrect = 0;
    for (const weaker of order) {
      if (!(strengths[stronger] > strengths[weaker])) continue;
      const cell = 2 * (stronger * concepts + weaker);
      correct += weights[cell];
      incorrect += weights[cell + 1];
      sums[2 * weaker] += weights[cell];
      sums[2 * weaker + 1] += weights[cell + 1];
      trueCells++;
    }
    sums[2 * stronger] += correct;
    sums[2 * stronger + 1] += incorrect;
  }
  return trueCells;
}
