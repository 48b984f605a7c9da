import type { Interval as Estimate } from "@faultline/core";
import type { Interval } from "@faultline/run";

/** Core's interval as reports have it. What was measured on nothing is unknown: 0, with the widest interval. */
export function interval({ estimate, lower, upper }: Estimate): Interval {
  return { value: Number.isNaN(estimate) ? 0 : estimate, low: lower, high: upper };
}
