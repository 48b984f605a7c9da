import type { Interval } from "@faultline/core";
import type { ReportDetails } from "@faultline/run";
import { builder } from "../builder.ts";
import { OracleVariantType } from "../enums.ts";
import { IntervalType } from "./intervals.ts";
import type { ReportRow } from "./report-parts.ts";

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

type Oracle = ReportDetails["oracle"];

interface OracleReport extends Pick<Oracle, "agreement"> {
  errorOnCorrect: Interval | null;
  zeroShotAccuracy: Interval | null;
  margin: number | null;
}

/** A cosine difference that no margin reaches; workers store it where none makes the oracle reliable. */
const unreachableMargin = 2;

/** What a run measured of its oracle: null where it had nothing to measure it on. */
export function oracleReport({ labelled, misclassified, details }: ReportRow): OracleReport {
  const { errorOnCorrect, zeroShotAccuracy, margin, agreement } = details.oracle;
  return {
    errorOnCorrect: labelled > misclassified ? errorOnCorrect : null,
    zeroShotAccuracy: labelled > 0 ? zeroShotAccuracy : null,
    margin: margin < unreachableMargin ? margin : null,
    agreement,
  };
}

export const OracleReportType = builder.objectRef<OracleReport>("OracleReport").implement({
  description: "How far the oracle itself can be trusted.",
  fields: (t) => ({
    errorOnCorrect: t.expose("errorOnCorrect", {
      type: IntervalType,
      nullable: true,
      description:
        "Share of correctly classified inputs on which it does not name the true class; null without any.",
    }),
    zeroShotAccuracy: t.expose("zeroShotAccuracy", {
      type: IntervalType,
      nullable: true,
      description: "Accuracy of the VLM's own image embedding; null without labels.",
    }),
    margin: t.exposeFloat("margin", {
      nullable: true,
      description:
        "Calibrated difference of cosines under which it is undecided; null where none makes it reliable, so that every fault is undecided.",
    }),
    agreement: t.expose("agreement", {
      type: [OracleAgreementType],
      description: "Against its rivals.",
    }),
  }),
});
