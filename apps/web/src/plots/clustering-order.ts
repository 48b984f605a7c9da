/**
 * Order of rows so that alike rows stand together: average-linkage clustering (UPGMA) by nearest-neighbour chains
 * (Murtagh 1983, O(n²) time and memory), leaves read from left to right; at each join the two halves are turned so
 * that their nearest ends meet.
 *
 * @param values row-major, rows × columns; null counts as `missing`
 * @param missing stands in for a null, by default 0.5, the middle of a win rate
 * @returns the row indices in display order; alphabetical ties do not occur as distances decide, then indices
 */
export function clusteringOrder(
  values: ArrayLike<number | null>,
  rows: number,
  columns: number,
  missing = 0.5,
): number[] {
  if (values.length !== rows * columns)
    throw new RangeError(`values: ${values.length} cells, expected ${rows} × ${columns}`);
  if (rows < 3) return Array.from({ length: rows }, (_, i) => i);

  const between = squaredDistances(values, rows, columns, missing);
  const original = between.slice();
  const leaves: (number[] | null)[] = Array.from({ length: rows }, (_, i) => [i]);
  const chain: number[] = [];

  for (let joins = 0; joins < rows - 1; joins++) {
    if (chain.length === 0) chain.push(leaves.findIndex((cluster) => cluster !== null));
    for (;;) {
      const last = chain[chain.length - 1];
      const previous = chain.length > 1 ? chain[chain.length - 2] : -1;
      let nearest = previous;
      let distance = previous >= 0 ? between[last * rows + previous] : Number.POSITIVE_INFINITY;
      for (let other = 0; other < rows; other++) {
        if (other === last || leaves[other] === null) continue;
        if (between[last * rows + other] < distance) {
          distance = between[last * rows + other];
          nearest = other;
        }
      }
      if (nearest === previous) break;
      chain.push(nearest);
    }
    const right = chain.pop()!;
    const left = chain.pop()!;
    const a = leaves[left]!;
    const b = leaves[right]!;
    for (let other = 0; other < rows; other++) {
      if (leaves[other] === null || other === left || other === right) continue;
      const mean =
        (a.length * between[left * rows + other] + b.length * between[right * rows + other]) /
        (a.length + b.length);
      between[left * rows + other] = mean;
      between[other * rows + left] = mean;
    }
    leaves[left] = joinNearestEnds(a, b, original, rows);
    leaves[right] = null;
  }
  return leaves.find((cluster) => cluster !== null)!;
}

/** Order of columns, by the same rule. */
export function columnClusteringOrder(
  values: ArrayLike<number | null>,
  rows: number,
  columns: number,
  missing = 0.5,
): number[] {
  const transposed = new Array<number | null>(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      transposed[column * rows + row] = values[row * columns + column];
  return clusteringOrder(transposed, columns, rows, missing);
}

/** Indices of labels in alphabetical order, numbers by value. */
export function alphabeticalOrder(labels: readonly string[]): number[] {
  const collator = new Intl.Collator("en", { numeric: true });
  return labels.map((_, i) => i).sort((a, b) => collator.compare(labels[a], labels[b]) || a - b);
}

function squaredDistances(
  values: ArrayLike<number | null>,
  rows: number,
  columns: number,
  missing: number,
): Float64Array {
  const filled = Float64Array.from({ length: rows * columns }, (_, i) => values[i] ?? missing);
  const distances = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) {
    for (let j = i + 1; j < rows; j++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) {
        const difference = filled[i * columns + k] - filled[j * columns + k];
        sum += difference * difference;
      }
      distances[i * rows + j] = sum;
      distances[j * rows + i] = sum;
    }
  }
  return distances;
}

function joinNearestEnds(a: number[], b: number[], distances: Float64Array, rows: number): number[] {
  const between = (i: number, j: number) => distances[i * rows + j];
  const [aFirst, aLast, bFirst, bLast] = [a[0], a[a.length - 1], b[0], b[b.length - 1]];
  const choices: [number, () => number[]][] = [
    [between(aLast, bFirst), () => [...a, ...b]],
    [between(aLast, bLast), () => [...a, ...b.toReversed()]],
    [between(aFirst, bFirst), () => [...a.toReversed(), ...b]],
    [between(aFirst, bLast), () => [...b, ...a]],
  ];
  return choices.reduce((best, choice) => (choice[0] < best[0] ? choice : best))[1]();
}
