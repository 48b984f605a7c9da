import { VERDICT_CONCEPTS } from "@faultline/core";
import { faultCodes, type RunResult, type VerdictColumns } from "@faultline/run";
import type { Judgements } from "./detector-evaluation.ts";
import type { FaultAnalysis } from "./fault-analysis.ts";
import type { RunRows } from "./run-rows.ts";

/** The confusion matrix with its faults, by class and by pair of classes. */
export function confusionTables(
  { columns, evaluated }: RunRows,
  { report }: FaultAnalysis,
  classes: number,
): Pick<RunResult, "classReports" | "faultPairs"> {
  const inputs = new Uint32Array(classes * classes);
  for (const row of evaluated)
    if (columns.label[row] >= 0) inputs[columns.label[row] * classes + columns.predicted[row]]++;
  const faultsOf = new Map(
    report.pairs.map((pair) => [pair.trueClass * classes + pair.predictedClass, pair]),
  );
  const faultPairs: RunResult["faultPairs"] = [];
  inputs.forEach((count, cell) => {
    if (count === 0) return;
    const faults = faultsOf.get(cell);
    faultPairs.push({
      trueClass: Math.floor(cell / classes),
      predictedClass: cell % classes,
      inputs: count,
      encoderFaults: faults?.encoder ?? 0,
      headFaults: faults?.head ?? 0,
      undecidedFaults: faults?.undecided ?? 0,
    });
  });
  const classReports = report.byTrueClass.map(({ encoder, head, undecided }, classIndex) => ({
    classIndex,
    inputs: inputs.subarray(classIndex * classes, (classIndex + 1) * classes).reduce((a, b) => a + b, 0),
    correct: inputs[classIndex * classes + classIndex],
    encoderFaults: encoder,
    headFaults: head,
    undecidedFaults: undecided,
  }));
  return { classReports, faultPairs };
}

/** The verdicts of the evaluated rows, by column. */
export function verdictColumns(
  { columns, evaluated }: RunRows,
  { faults }: FaultAnalysis,
  { defect, score, threshold, concepts }: Judgements,
): VerdictColumns {
  const integers = (values: Int32Array) => Int32Array.from(evaluated, (row) => values[row]);
  if (concepts.length !== evaluated.length * VERDICT_CONCEPTS) throw new RangeError("one judgement a row");
  return {
    position: integers(columns.position),
    label: integers(columns.label),
    predicted: integers(columns.predicted),
    oracleClass: integers(columns.oracleClass),
    confidence: Float32Array.from(evaluated, (row) => columns.confidence[row]),
    defect,
    score,
    threshold,
    fault: Uint8Array.from(faults, (fault) => (fault === null ? 255 : faultCodes.indexOf(fault))),
    concepts,
  };
}
