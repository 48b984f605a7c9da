import type { ReportDetails } from "@faultline/db";
import { builder } from "../builder.ts";
import { OracleVariantType } from "../enums.ts";
import { IntervalType } from "./intervals.ts";

const OracleAgreementType = builder
  .objectRef<ReportDetails["oracle"]["agreement"][number]>("OracleAgreement")
  .implement({
    description: "How much the fault localisation depends on the choice of oracle.",
    fields: (t) => ({
      variant: t.expose("variant", {
        type: OracleVariantType,
        description: "The rival oracle.",
      }),
      localised: t.exposeInt("localised", { description: "Misclassified inputs that both localised." }),
      changed: t.exposeInt("changed", { description: "Those of them where the answer differs." }),
    }),
  });

export const OracleReportType = builder.objectRef<ReportDetails["oracle"]>("OracleReport").implement({
  description: "How far the oracle itself can be trusted.",
  fields: (t) => ({
    errorOnCorrect: t.expose("errorOnCorrect", {
      type: IntervalType,
      description: "Share of correctly classified inputs on which it does not name the true class.",
    }),
    zeroShotAccuracy: t.expose("zeroShotAccuracy", {
      type: IntervalType,
      description: "Accuracy of the VLM's own image embedding.",
    }),
    margin: t.exposeFloat("margin", {
      description: "Calibrated difference of cosines under which it is undecided.",
    }),
    agreement: t.expose("agreement", {
      type: [OracleAgreementType],
      description: "Against its rivals.",
    }),
  }),
});
