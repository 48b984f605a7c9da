import { type Interval as Estimate, wilsonInterval } from "@faultline/core";
import type { Interval } from "@faultline/db";
import { builder } from "../builder.ts";

export const IntervalType = builder.objectRef<Interval>("Interval").implement({
  description: "A number with its 95 % interval.",
  fields: (t) => ({
    value: t.exposeFloat("value", { description: "The estimate." }),
    low: t.exposeFloat("low", { description: "Lower end." }),
    high: t.exposeFloat("high", { description: "Upper end." }),
  }),
});

/** An estimate of packages/core; null where it is not a number (nothing was counted). */
export function interval({ estimate, lower, upper }: Estimate): Interval | null {
  return Number.isNaN(estimate) ? null : { value: estimate, low: lower, high: upper };
}

/** The AUROC of a measured detector. */
export function aurocOf(metric: { auroc: number; aurocLow: number; aurocHigh: number }): Interval {
  return { value: metric.auroc, low: metric.aurocLow, high: metric.aurocHigh };
}

/** A share with its Wilson interval; null when there are no trials. */
export function share(successes: number, trials: number): Interval | null {
  return interval(wilsonInterval(successes, trials));
}
