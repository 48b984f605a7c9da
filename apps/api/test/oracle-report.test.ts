import { expect, test } from "vitest";
import { oracleReport } from "../src/reports/oracle-report.ts";
import type { ReportRow } from "../src/reports/report-parts.ts";

const measured = { value: 0.1, low: 0.05, high: 0.2 };
const row = (labelled: number, misclassified: number, margin: number) =>
  ({
    labelled,
    misclassified,
    details: { oracle: { errorOnCorrect: measured, zeroShotAccuracy: measured, margin, agreement: [] } },
  }) as unknown as ReportRow;

test("what could not be measured of an oracle is null", () => {
  expect(oracleReport(row(10, 4, 0.02))).toMatchObject({
    errorOnCorrect: measured,
    zeroShotAccuracy: measured,
    margin: 0.02,
  });
  expect(oracleReport(row(4, 4, 2))).toMatchObject({
    errorOnCorrect: null,
    zeroShotAccuracy: measured,
    margin: null,
  });
  expect(oracleReport(row(0, 0, 2))).toMatchObject({ errorOnCorrect: null, zeroShotAccuracy: null });
});
