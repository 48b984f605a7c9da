export type RedundantPair = { readonly first: string; readonly second: string; readonly cosine: number };

/** Every pair of different concepts, the most alike first. `cosines` is n × n row-major and symmetric. */
export function redundantPairs(axis: readonly string[], cosines: ArrayLike<number>): RedundantPair[] {
  const n = axis.length;
  if (cosines.length !== n * n)
    throw new RangeError(`cosines: ${cosines.length} cells, expected ${n} × ${n}`);
  const pairs: RedundantPair[] = [];
  for (let i = 0; i < n; i++)
    for (let j = i + 1; j < n; j++)
      pairs.push({ first: axis[i], second: axis[j], cosine: cosines[i * n + j] });
  return pairs.sort((a, b) => b.cosine - a.cosine);
}

/** The concept that is most alike to each, in the order of the axis; null where there is no other. */
export function nearestConcepts(
  axis: readonly string[],
  cosines: ArrayLike<number>,
): ({ readonly concept: string; readonly cosine: number } | null)[] {
  const n = axis.length;
  return axis.map((_, i) => {
    let nearest: { concept: string; cosine: number } | null = null;
    for (let j = 0; j < n; j++)
      if (j !== i && (!nearest || cosines[i * n + j] > nearest.cosine))
        nearest = { concept: axis[j], cosine: cosines[i * n + j] };
    return nearest;
  });
}
