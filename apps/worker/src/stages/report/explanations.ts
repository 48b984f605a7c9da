import {
  explainEncoderFaults,
  explainHead,
  type FaultReport,
  headFaultConcepts,
  type Matrix,
  matrix,
  stackRows,
} from "@faultline/core";
import { type HeadSession, type NetworkSessions, readLinearHead } from "@faultline/inference";
import type { ReportDetails } from "@faultline/run";
import type { AlignedRun } from "../align/aligned-run.ts";
import type { FaultAnalysis } from "./fault-analysis.ts";
import type { ReducedRun } from "./reduced-run.ts";
import type { Samples } from "./samples.ts";

const pairs = 10;
const conceptsOfPair = 8;

/** Strengths of a(x) and of the VLM's own view for the same rows. */
interface BothStrengths {
  own: Matrix;
  vlm: Matrix;
}

/** What the encoder lost or invented, and what a linear head weighs wrongly. */
export async function explainFaults(
  networks: NetworkSessions,
  { headSha256, embeddingWidth }: { headSha256: string | null; embeddingWidth: number },
  { aligned, rows }: ReducedRun,
  { faults, report }: FaultAnalysis,
  { misclassified, calibration }: Samples,
): Promise<Pick<ReportDetails, "encoderExplanation" | "headExplanation">> {
  const { label, predicted } = rows.columns;
  const both = async (chosen: Uint32Array): Promise<BothStrengths> => ({
    own: await rows.gatherStrengths(chosen),
    vlm: await rows.gatherStrengths(chosen, "vlmStrengths"),
  });
  const encoderFaults = new Set(rows.evaluated.filter((_, i) => faults[i] === "ENCODER"));
  return {
    encoderExplanation: encoderExplanation(
      await both(misclassified.rows.filter((row) => encoderFaults.has(row))),
      await both(calibration.rows.filter((row) => label[row] === predicted[row])),
      aligned.phrases,
    ),
    headExplanation: headSha256
      ? await networks.withHead(headSha256, embeddingWidth, (head) => headExplanation(head, report, aligned))
      : [],
  };
}

/**
 * What the encoder lost or invented in inputs with an ENCODER fault, against correct calibration inputs, by
 * size of shift. Empty with too few of either.
 */
function encoderExplanation(
  faulty: BothStrengths,
  reference: BothStrengths,
  phrases: readonly string[],
): ReportDetails["encoderExplanation"] {
  if (faulty.own.rows === 0 || reference.own.rows < 2) return [];
  const { shift, qValue } = explainEncoderFaults(
    stackRows([faulty.own, reference.own]),
    stackRows([faulty.vlm, reference.vlm]),
    Array.from({ length: faulty.own.rows }, (_, i) => i),
    Array.from({ length: reference.own.rows }, (_, i) => faulty.own.rows + i),
  );
  return phrases
    .map((axis, c) => ({ axis, shift: shift[c], qValue: qValue[c] }))
    .sort((a, b) => Math.abs(b.shift) - Math.abs(a.shift));
}

/**
 * Which concepts a linear head weighs wrongly, for the class pairs with most HEAD faults. Empty for a head
 * that is not linear.
 */
async function headExplanation(
  head: HeadSession,
  report: FaultReport,
  { alignment, conceptVectors, classVectors, phrases }: AlignedRun,
): Promise<ReportDetails["headExplanation"]> {
  const faulty = report.pairs
    .filter((pair) => pair.head > 0)
    .sort((a, b) => b.head - a.head)
    .slice(0, pairs);
  const linear = faulty.length > 0 ? await readLinearHead(head) : null;
  if (!linear) return [];
  const weights = matrix(head.classCount, head.width, Float32Array.from(linear.weights));
  const explanation = explainHead(weights, alignment, conceptVectors, classVectors);
  return faulty.map(({ trueClass, predictedClass }) => {
    const wrong = headFaultConcepts(explanation, trueClass, predictedClass);
    const concepts = phrases
      .map((axis, c) => ({ axis, weight: wrong[c] }))
      .sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight))
      .slice(0, conceptsOfPair);
    return { trueClass, predictedClass, concepts };
  });
}
