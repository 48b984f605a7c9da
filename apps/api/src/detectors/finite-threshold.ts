/** A threshold; null for one that no score passes (Infinity, or the largest number where a worker wrote it). */
export function finiteThreshold(threshold: number): number | null {
  return threshold < Number.MAX_VALUE ? threshold : null;
}
