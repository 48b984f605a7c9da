import { builder } from "../builder.ts";
import { FaultShareType, faultShares } from "./fault-shares.ts";
import type { PairRow } from "./report-parts.ts";

/** A row with its names: made at once and not field by field, since a report has hundreds. */
export function faultPair(row: PairRow, classes: readonly string[]) {
  const { label, predicted, inputs } = row;
  return {
    trueClass: classes[label],
    predictedClass: classes[predicted],
    inputs,
    ...faultShares(row),
  };
}

export const FaultPairType = builder.objectRef<ReturnType<typeof faultPair>>("FaultPair").implement({
  description: "A cell of the confusion matrix.",
  fields: (t) => ({
    trueClass: t.exposeString("trueClass", { description: "The label." }),
    predictedClass: t.exposeString("predictedClass", { description: "The answer." }),
    inputs: t.exposeInt("inputs", { description: "Inputs of the cell." }),
    encoderFaults: t.expose("encoderFaults", {
      type: FaultShareType,
      description: "Because of the encoder.",
    }),
    headFaults: t.expose("headFaults", { type: FaultShareType, description: "Because of the head." }),
    undecidedFaults: t.expose("undecidedFaults", { type: FaultShareType, description: "Cause undecided." }),
  }),
});
