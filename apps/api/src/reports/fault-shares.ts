import type { Interval } from "@faultline/core";
import { builder } from "../builder.ts";
import { IntervalType, share } from "./intervals.ts";
import type { FaultCounts } from "./report-parts.ts";

interface FaultShare {
  count: number;
  share: Interval | null;
}

export const FaultShareType = builder.objectRef<FaultShare>("FaultShare").implement({
  description:
    "A count among the misclassified inputs and its share with a Wilson interval (null when nothing was misclassified).",
  fields: (t) => ({
    count: t.exposeInt("count", { description: "Misclassified inputs with this fault." }),
    share: t.expose("share", {
      type: IntervalType,
      nullable: true,
      description: "Of the misclassified inputs; null when there are none.",
    }),
  }),
});

export function faultShare(count: number, misclassified: number): FaultShare {
  return { count, share: share(count, misclassified) };
}

/** The faults of a row as shares of its misclassified inputs, each of which has exactly one of the three. */
export function faultShares({ encoderFaults, headFaults, undecidedFaults }: FaultCounts) {
  const misclassified = encoderFaults + headFaults + undecidedFaults;
  return {
    encoderFaults: faultShare(encoderFaults, misclassified),
    headFaults: faultShare(headFaults, misclassified),
    undecidedFaults: faultShare(undecidedFaults, misclassified),
  };
}
