/** A measured number with the bounds of its confidence interval, in its own unit. */
export interface Interval {
  value: number;
  low: number;
  high: number;
}
