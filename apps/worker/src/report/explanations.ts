import {
  explainEncoderFaults,
  explainHead,
  type FaultReport,
  headFaultConcepts,
  type Matrix,
  matrix,
} from "@faultline/core";
import type { ReportDetails } from "@faultline/db";
import type { HeadSession } from "@faultline/inference";
import type { AlignedRun } from "../run/aligned-run.ts";

const pairs = 10;
const conceptsOfPair = 8;

/** Strengths of a(x) and of the VLM's own view for the same rows. */
export interface BothStrengths {
  own: Matrix;
  vlm: Matrix;
}

/**
 * What the encoder lost or invented in inputs with an ENCODER fault, against correct calibration inputs, by
 * size of shift. Empty with too few of either.
 */
export function encoderExplanation(
  faulty: BothStrengths,
  reference: BothStrengths,
  phrases: readonly string[],
): ReportDetails["encoderExplanation"] {
  if (faulty.own.rows === 0 || reference.own.rows < 2) return [];
  const { shift, qValue } = explainEncoderFaults(
    stack(faulty.own, reference.own),
    stack(faulty.vlm, reference.vlm),
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
export async function headExplanation(
  head: HeadSession,
  report: FaultReport,
  { alignment, conceptVectors, classVectors, phrases }: AlignedRun,
): Promise<ReportDetails["headExplanation"]> {
  const faulty = report.pairs
    .filter((pair) => pair.head > 0)
    .sort((a, b) => b.head - a.head)
    .slice(0, pairs);
  const weights = faulty.length > 0 ? await linearWeights(head) : null;
  if (!weights) return [];
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

/** K×d weights of a linear head, read from its logits at 0 and at the unit vectors; null if it is not linear. */
async function linearWeights(head: HeadSession): Promise<Matrix | null> {
  const { width: d, classCount } = head;
  // Row 0 is the origin, rows 1..d the unit vectors, the last one a point that a linear head must agree on.
  const probes = matrix(d + 2, d);
  for (let j = 0; j < d; j++) {
    probes.data[(j + 1) * d + j] = 1;
    probes.data[(d + 1) * d + j] = ((j % 7) - 3) / 2;
  }
  const { data } = await head.run(probes);
  const weights = matrix(classCount, d);
  for (let k = 0; k < classCount; k++) {
    let expected = data[k];
    let size = Math.abs(data[k]);
    for (let j = 0; j < d; j++) {
      const weight = data[(j + 1) * classCount + k] - data[k];
      weights.data[k * d + j] = weight;
      expected += weight * probes.data[(d + 1) * d + j];
      size += Math.abs(weight);
    }
    if (Math.abs(expected - data[(d + 1) * classCount + k]) > 1e-4 * (1 + size)) return null;
  }
  return weights;
}

function stack(first: Matrix, second: Matrix): Matrix {
  const stacked = matrix(first.rows + second.rows, first.columns);
  stacked.data.set(first.data);
  stacked.data.set(second.data, first.data.length);
  return stacked;
}
