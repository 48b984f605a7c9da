import { describe, expect, it } from "vitest";
import { detectorSummary } from "../../src/detectors/detector-summary.ts";

const summary = {
  similarity: "LOG_LIKELIHOOD_RATIO" as const,
  falseAlarmRate: 0.05,
  threshold: 37.4771,
  positiveLabel: "misclassified inputs",
  negativeLabel: "correct inputs",
  pooledClasses: ["ship", "frog"],
  measuredFalseAlarmRate: { value: 0.056, low: 0.045, high: 0.069 },
  measuredDetectionRate: { value: 0.123, low: 0.082, high: 0.18 },
};

describe("detectorSummary", () => {
  it("says the rule, what was measured with intervals, and the pooled classes", () => {
    // Units keep to their numbers.
    expect(detectorSummary(summary).replaceAll("\u00a0", " ")).toBe(
      "Log-likelihood ratio: wanted false-alarm rate 5.0 %; threshold 37.48; measured 5.6 % (4.5 – 6.9 %) of the correct inputs flagged; 12.3 % (8.2 – 18.0 %) of the misclassified inputs found. Too few incorrect calibration inputs, so judged by the pooled reference: ship, frog.",
    );
  });

  it("leaves out what was not measured, and the threshold of the paper's rule", () => {
    expect(
      detectorSummary({
        ...summary,
        falseAlarmRate: null,
        threshold: 0,
        pooledClasses: [],
        measuredFalseAlarmRate: null,
        measuredDetectionRate: null,
      }),
    ).toBe("Log-likelihood ratio: score > 0.");
  });
});
