import type { ReportDetails } from "@faultline/run";

/** The typed part of a report's JSON column; packages/db says what it holds. */
export function detailsOf(report: { details: unknown }): ReportDetails {
  return report.details as ReportDetails;
}
