import { wilsonInterval } from "@faultline/core";
import type { ReportDetails, RunResult } from "@faultline/run";
import type { Task } from "graphile-worker";
import { RunFailure } from "../../queue/run-failure.ts";
import type { WorkerContext } from "../../queue/run-job.ts";
import { wholeRunJob } from "../../queue/stage-job.ts";
import { loadRunSubject, type RunSubject } from "../run-subject.ts";
import { findConcepts } from "./concept-findings.ts";
import { type Detection, detectDefects } from "./detection.ts";
import { noThreshold } from "./detector-evaluation.ts";
import { explainFaults } from "./explanations.ts";
import { analyseFaults, type FaultAnalysis } from "./fault-analysis.ts";
import { type ReducedRun, reduceRun } from "./reduced-run.ts";
import { drawSamples, type Samples } from "./samples.ts";
import { storeResults } from "./stored-results.ts";
import { confusionTables } from "./tables.ts";
import { reportWarnings } from "./warnings.ts";

/**
 * Reduces the spans in order and computes everything that a run reports: faults, responsible concepts,
 * detector, metrics beside the baselines, verdicts. Nothing is visible before the VERDICTS stage publishes it.
 */
export function report(context: WorkerContext): Task {
  const { artifactStore, database } = context;
  return wholeRunJob("REPORT", context, async (job, signal) => {
    const subject = await loadRunSubject(database, job);
    const reduced = await reduceRun(context, job);
    const inputs = reduced.rows.evaluated.length;
    if (inputs === 0)
      throw new RunFailure(
        "None of the inputs to evaluate can be used: all are quarantined. See the reasons of the run's quarantined inputs and upload the dataset again.",
      );
    signal.throwIfAborted();
    const text = JSON.stringify(await analyse(context, subject, reduced, signal));
    const { sha256 } = await artifactStore.put(Buffer.from(text));
    const artifacts = [...new Set(text.match(/(?<=")[0-9a-f]{64}(?=")/g))];
    return { handOver: { resultSha256: sha256, artifacts }, next: { inputs } };
  });
}

async function analyse(
  context: WorkerContext,
  subject: RunSubject,
  reduced: ReducedRun,
  signal: AbortSignal,
): Promise<RunResult> {
  const { configuration, run, attacked } = subject;
  const { aligned, rows, totals } = reduced;
  const { classes } = run.modelVersion;
  const names = { phrases: aligned.phrases, classes };
  const samples = await drawSamples(rows, configuration.seed);
  signal.throwIfAborted();
  const localise = async () => {
    const faults = analyseFaults(rows, samples, classes.length, configuration);
    signal.throwIfAborted();
    const { pool } = context.database;
    return {
      faults,
      concepts: await findConcepts(pool, rows, totals, samples.misclassified, names, attacked, configuration),
      explanations: await explainFaults(context.networks, run.modelVersion, reduced, faults, samples),
    };
  };
  // Detectors are measured on other cores for the most part: this thread finds the faults meanwhile.
  const [detection, { faults, concepts, explanations }] = await Promise.all([
    detectDefects(rows, samples, names, attacked, configuration, signal),
    localise(),
  ]);
  const { heatmaps, ...stored } = await storeResults(
    context,
    reduced,
    samples,
    faults,
    detection.judgements,
    classes.length,
  );
  const details: ReportDetails = {
    alignment: { ...reduced.quality, lambda: aligned.alignment.lambda, rank: aligned.alignment.rank },
    fidelity: aligned.phrases.map((axis, c) => ({
      axis,
      correlation: Number.isNaN(reduced.fidelity[c]) ? null : reduced.fidelity[c],
    })),
    oracle: faults.oracle,
    ...concepts,
    ...explanations,
    detector: detection.details,
    calibration: {
      inputs: samples.calibration.rows.length,
      strengthsSha256: stored.calibrationStrengthsSha256,
      inputsSha256: stored.calibrationInputsSha256,
      conceptVectorsSha256: stored.conceptVectorsSha256,
    },
    warnings: [...reduced.warnings, ...warningsOf(reduced, samples, faults, detection, classes)],
  };
  const { labelledCount, misclassifiedCount } = samples;
  const accuracy =
    labelledCount > 0 ? wilsonInterval(labelledCount - misclassifiedCount, labelledCount) : null;
  const { overall: shares } = faults.report;
  return {
    report: {
      axis: aligned.phrases,
      conceptCount: aligned.conceptCount,
      inputs: rows.evaluated.length,
      labelled: labelledCount,
      misclassified: misclassifiedCount,
      quarantinedCount: reduced.quarantinedCount,
      accuracy: accuracy?.value ?? null,
      accuracyLow: accuracy?.low ?? null,
      accuracyHigh: accuracy?.high ?? null,
      encoderFaults: shares.encoder,
      headFaults: shares.head,
      undecidedFaults: shares.undecided,
      details,
      strengthsSha256: stored.strengthsSha256,
      vlmStrengthsSha256: stored.vlmStrengthsSha256,
      alignmentSha256: aligned.alignmentSha256,
    },
    ...confusionTables(rows, faults, classes.length),
    detectorMetrics: detection.metrics,
    heatmaps,
    heatmapsSha256: stored.heatmapsSha256,
    verdictsSha256: stored.verdictsSha256,
  };
}

function warningsOf(
  reduced: ReducedRun,
  samples: Samples,
  faults: FaultAnalysis,
  { details, calibrated, defects, sound }: Detection,
  classes: readonly string[],
): ReportDetails["warnings"] {
  return reportWarnings({
    heldOut: reduced.quality.heldOut,
    zeroShot: faults.calibrationZeroShot,
    labelled: samples.labelledCount,
    misclassified: samples.misclassifiedCount,
    quarantined: reduced.quarantinedCount,
    marginReachable: faults.marginReachable,
    calibration: samples.calibration.inputs,
    calibrated,
    thresholded: details.threshold < noThreshold,
    pooledClasses: details.pooledClasses.map((k) => classes[k]),
    classes: classes.length,
    positives: defects,
    negatives: sound,
  });
}
