import { builder } from "../builder.ts";
import { FaultShareType, faultShares } from "./fault-shares.ts";
import { IntervalType, share } from "./intervals.ts";
import type { ClassRow } from "./report-parts.ts";

/** A row with its names: made at once and not field by field, since a report has hundreds. */
export function classReport(row: ClassRow, classes: readonly string[]) {
  const { inputs, correct } = row;
  return { class: classes[row.classIndex], inputs, correct, ...faultShares(row) };
}

export const ClassReportType = builder.objectRef<ReturnType<typeof classReport>>("ClassReport").implement({
  description: "The inputs of one true class.",
  fields: (t) => ({
    class: t.exposeString("class", { description: "The true class." }),
    inputs: t.exposeInt("inputs", { description: "Labelled inputs of the class." }),
    correct: t.exposeInt("correct", { description: "Those classified correctly." }),
    accuracy: t.field({
      type: IntervalType,
      nullable: true,
      description: "Share that is correct; null without inputs.",
      resolve: ({ correct, inputs }) => share(correct, inputs),
    }),
    encoderFaults: t.expose("encoderFaults", {
      type: FaultShareType,
      description: "Misclassified because of the encoder.",
    }),
    headFaults: t.expose("headFaults", {
      type: FaultShareType,
      description: "Misclassified because of the head.",
    }),
    undecidedFaults: t.expose("undecidedFaults", {
      type: FaultShareType,
      description: "Misclassified, cause undecided.",
    }),
  }),
});
