import {
  AlignmentQualityAccumulator,
  ConceptFidelityAccumulator,
  type Detector,
  selectRows,
  wilsonInterval,
} from "@faultline/core";
import type { AlignmentQuality, CalibrationInputs, ReportDetails } from "@faultline/db";
import type { Task } from "graphile-worker";
import type { z } from "zod";
import {
  calibrateDetectors,
  type Judgements,
  judge,
  measuredInputs,
  noThreshold,
} from "../report/detector-evaluation.ts";
import { type BothStrengths, encoderExplanation, headExplanation } from "../report/explanations.ts";
import { analyseFaults, type FaultAnalysis } from "../report/fault-analysis.ts";
import { measureDetectors } from "../report/measured-detectors.ts";
import { type ExampleInputs, type FoundConcept, findResponsibleConcepts } from "../report/responsible.ts";
import { runHeatmap, runHeatmaps } from "../report/run-heatmaps.ts";
import type { RunResult, reported } from "../report/run-result.ts";
import { RunRows } from "../report/run-rows.ts";
import { sample } from "../report/sample.ts";
import { confusionTables, verdictColumns } from "../report/tables.ts";
import { reportWarnings } from "../report/warnings.ts";
import { type AlignedRun, readAlignedRun } from "../run/aligned-run.ts";
import { readPlan } from "../run/plan.ts";
import { RunFailure } from "../run/run-failure.ts";
import { runJob, type WorkerContext } from "../run/run-job.ts";
import { finishShard, type RunReference, shardResults, startStage } from "../run/run-state.ts";
import { loadRunSubject, type RunSubject } from "../run/run-subject.ts";
import { readColumns, storeColumns } from "../shards/columns.ts";
import { HeatmapTotals } from "../shards/heatmap-groups.ts";
import { ROLE } from "../shards/roles.ts";
import { floatBytes } from "../shards/stored-matrix.ts";
import { embeddedShard, shardJob } from "./embed-shard.ts";
import { strengthsSpan } from "./strengths-shard.ts";

/** Inputs of a kind that are held in memory with their strengths, at most. */
const calibrationLimit = 20_000;
const misclassifiedLimit = 5_000;
const conceptsOverall = 20;
const conceptsOfClass = 10;

/**
 * Reduces the spans in order and computes everything that a run reports: faults, responsible concepts,
 * detector, metrics beside the baselines, verdicts. Nothing is visible before the VERDICTS stage publishes it.
 */
export function report(context: WorkerContext): Task {
  return runJob("report", shardJob, context, async (job, { database, artifactStore }, signal) => {
    const { pool } = database;
    const subject = await loadRunSubject(database, job);
    const analysis = await openAnalysis(context, job);
    if (analysis.rows.evaluated.length === 0)
      throw new RunFailure(
        "None of the inputs to evaluate can be used: all are quarantined. See the reasons of the run's quarantined inputs and upload the dataset again.",
      );
    signal.throwIfAborted();
    const result = await analyse(context, subject, analysis, signal);
    const text = JSON.stringify(result);
    const { sha256 } = await artifactStore.put(Buffer.from(text));
    const handedOver: z.infer<typeof reported> = {
      resultSha256: sha256,
      artifacts: [...new Set(text.match(/(?<=")[0-9a-f]{64}(?=")/g))],
    };
    await finishShard(pool, job, "REPORT", job.shard, handedOver, (client) =>
      startStage(client, job, "VERDICTS", "verdicts", [
        {
          datasetId: subject.run.datasetId,
          firstPosition: 0,
          endPosition: 0,
          inputs: analysis.rows.evaluated.length,
        },
      ]),
    );
  });
}

/** The reduced spans of a run. */
interface Analysis {
  aligned: AlignedRun;
  rows: RunRows;
  totals: HeatmapTotals;
  quality: { evaluated: AlignmentQuality; clean: AlignmentQuality | null; heldOut: AlignmentQuality | null };
  fidelity: Float64Array;
  quarantinedCount: number;
  planWarnings: ReportDetails["warnings"];
}

async function openAnalysis(context: WorkerContext, reference: RunReference): Promise<Analysis> {
  const { database, artifactStore } = context;
  const { runId } = reference;
  const aligned = await readAlignedRun(context, runId);
  const plan = await readPlan(database.pool, reference);
  const embedded = await shardResults(database.pool, runId, "EMBED", embeddedShard);
  const spans = await shardResults(database.pool, runId, "STRENGTHS", strengthsSpan);
  const rows = await RunRows.open(
    artifactStore,
    spans.flatMap(({ result }) => result.shards),
    embedded,
  );
  const totals = new HeatmapTotals(aligned.phrases.length);
  const accumulators = {
    evaluated: new AlignmentQualityAccumulator(aligned.centre),
    clean: new AlignmentQualityAccumulator(aligned.centre),
    heldOut: new AlignmentQualityAccumulator(aligned.centre),
  };
  const fidelity = new ConceptFidelityAccumulator(aligned.phrases.length);
  for (const { result } of spans) {
    totals.mergeEncoded(await readColumns(artifactStore, result.heatmapsSha256));
    const encoded = await readColumns<Record<keyof typeof accumulators | "fidelity", Uint8Array>>(
      artifactStore,
      result.accumulatorsSha256,
    );
    for (const name of ["evaluated", "clean", "heldOut"] as const)
      accumulators[name].merge(AlignmentQualityAccumulator.decode(encoded[name]));
    fidelity.merge(ConceptFidelityAccumulator.decode(encoded.fidelity));
  }
  return {
    aligned,
    rows,
    totals,
    quality: {
      evaluated: qualityOf(accumulators.evaluated) ?? { inputs: 0, r2: 0, meanCosine: 0, centredCosine: 0 },
      clean: qualityOf(accumulators.clean),
      heldOut: qualityOf(accumulators.heldOut),
    },
    fidelity: fidelity.fidelity(),
    quarantinedCount: embedded.reduce((sum, { result }) => sum + result.quarantined.length, 0),
    planWarnings: [...plan.warnings, ...aligned.warnings],
  };
}

function qualityOf(accumulator: AlignmentQualityAccumulator): AlignmentQuality | null {
  if (accumulator.inputs === 0) return null;
  const { inputs, r2, meanCosine, meanCentredCosine } = accumulator.quality();
  // Where the VLM sees no difference between the inputs there is nothing to explain.
  return { inputs, r2: Number.isNaN(r2) ? 0 : r2, meanCosine, centredCosine: meanCentredCosine };
}

async function analyse(
  context: WorkerContext,
  subject: RunSubject,
  analysis: Analysis,
  signal: AbortSignal,
): Promise<RunResult> {
  const { artifactStore } = context;
  const { configuration, run, attacked } = subject;
  const { aligned, rows, totals, planWarnings } = analysis;
  const { columns } = rows;
  const { classes } = run.modelVersion;
  const { phrases } = aligned;

  const isWrong = (row: number) => columns.label[row] >= 0 && columns.label[row] !== columns.predicted[row];
  const misclassified = rows.evaluated.filter(isWrong);
  const labelled = rows.evaluated.reduce((sum, row) => sum + (columns.label[row] >= 0 ? 1 : 0), 0);
  const shownRows = sample(misclassified, misclassifiedLimit, configuration.seed);
  const shown: ExampleInputs = { rows: shownRows, strengths: await rows.gatherStrengths(shownRows) };
  const calibrationRows = sample(
    rows.calibration.filter((row) => columns.label[row] >= 0),
    calibrationLimit,
    configuration.seed,
  );
  const calibrationStrengths = await rows.gatherStrengths(calibrationRows);
  const calibration: CalibrationInputs = {
    positions: Array.from(calibrationRows, (row) => columns.position[row]),
    labels: Array.from(calibrationRows, (row) => columns.label[row]),
    predictions: Array.from(calibrationRows, (row) => columns.predicted[row]),
  };
  signal.throwIfAborted();

  const detectors = calibrateDetectors(
    { ...calibration, strengths: calibrationStrengths, concepts: phrases, classes },
    configuration,
  );
  const measured = measuredInputs(rows, attacked);
  // Much of it happens on other cores, while this thread does the rest.
  const measuring = measureDetectors(
    rows,
    measured,
    detectors,
    {
      rows: calibrationRows,
      input: { ...calibration, strengths: calibrationStrengths, concepts: phrases, classes },
    },
    configuration,
    signal,
  );
  // A failure is thrown where it is awaited.
  measuring.catch(() => undefined);
  const detector = detectors?.[configuration.similarity] ?? null;
  const verdicts = await judge(rows, rows.evaluated, detector, signal);
  const flagged = await flags(rows, measured.rows, verdicts, detector, signal);
  const faults = analyseFaults(
    rows,
    {
      misclassified: { rows: shownRows, strengths: shown.strengths },
      calibration: { rows: calibrationRows, strengths: calibrationStrengths },
    },
    classes.length,
    configuration,
  );
  signal.throwIfAborted();

  const findConcepts = (
    first: Parameters<typeof findResponsibleConcepts>[0],
    second: Parameters<typeof findResponsibleConcepts>[1],
    examples: ExampleInputs,
    limit: number,
  ) => findResponsibleConcepts(first, second, phrases, examples, limit, configuration);
  const groundTruth = (subset: "ALL" | "CORRECT" | "INCORRECT" | "CLEAN", classIndex: number) =>
    runHeatmap(totals, "GROUND_TRUTH", subset, classIndex, classes.length);
  const overall = findConcepts(
    groundTruth("CORRECT", -1),
    groundTruth("INCORRECT", -1),
    shown,
    conceptsOverall,
  );
  const byClass = classes.flatMap((_, k) => {
    const concepts = findConcepts(
      groundTruth("CORRECT", k),
      groundTruth("INCORRECT", k),
      only(shown, (row) => columns.label[row] === k),
      conceptsOfClass,
    );
    return concepts.length > 0 ? [{ classIndex: k, concepts }] : [];
  });
  const attackConcepts = attacked
    ? findConcepts(
        runHeatmap(totals, "OUTPUT_LABEL", "CLEAN", -1, classes.length),
        runHeatmap(totals, "OUTPUT_LABEL", "ALL", -1, classes.length),
        shown,
        conceptsOverall,
      )
    : null;
  const named = await nameExamples(context, rows, [
    ...overall,
    ...byClass.flatMap(({ concepts }) => concepts),
    ...(attackConcepts ?? []),
  ]);
  const explanations = await explain(context, subject, analysis, faults, shownRows, calibrationRows);
  const heatmaps: RunResult["heatmaps"] = [];
  const heatmapColumns: Record<string, Uint8Array> = {};
  for (const { counts, ...heatmap } of runHeatmaps(totals, classes.length)) {
    heatmaps.push(heatmap);
    heatmapColumns[`${heatmap.kind}/${heatmap.subset}/${heatmap.classIndex}`] = counts;
  }
  const put = async (bytes: Uint8Array) => (await artifactStore.put(bytes)).sha256;
  const stored = {
    calibrationStrengths: await put(floatBytes(calibrationStrengths.data)),
    calibrationInputs: await put(Buffer.from(JSON.stringify(calibration))),
    conceptVectors: await put(floatBytes(aligned.conceptVectors.data)),
    strengths: await storeRows(context, rows, "strengths"),
    vlmStrengths: await storeRows(context, rows, "vlmStrengths"),
    heatmaps: await storeColumns(artifactStore, heatmapColumns),
    verdicts: await storeColumns(artifactStore, verdictColumns(rows, faults, verdicts)),
  };
  const { metrics, combinedKept } = await measuring;

  const pooledClasses = detector ? classes.flatMap((_, k) => (isPooled(detector, k) ? [k] : [])) : [];
  const threshold = detector ? Math.min(noThreshold, detector.model.references[0].threshold) : noThreshold;
  const defects = measured.defects.reduce((sum, value) => sum + value, 0);
  const hits = countFlagged(flagged, measured.defects, 1);
  const falseAlarms = countFlagged(flagged, measured.defects, 0);
  const sound = measured.rows.length - defects;
  const details: ReportDetails = {
    alignment: { ...analysis.quality, lambda: aligned.alignment.lambda, rank: aligned.alignment.rank },
    fidelity: phrases.map((axis, c) => ({
      axis,
      correlation: Number.isNaN(analysis.fidelity[c]) ? null : analysis.fidelity[c],
    })),
    oracle: faults.oracle,
    responsibleConcepts: overall.map(named),
    responsibleConceptsByClass: byClass.map(({ classIndex, concepts }) => ({
      classIndex,
      concepts: concepts.map(named),
    })),
    attackConcepts: attackConcepts?.map(named) ?? null,
    ...explanations,
    detector: {
      similarity: configuration.similarity,
      falseAlarmRate: configuration.falseAlarmRate,
      threshold,
      pooledClasses,
      measuredFalseAlarmRate: sound > 0 ? wilsonInterval(falseAlarms, sound) : null,
      measuredDetectionRate: defects > 0 ? wilsonInterval(hits, defects) : null,
      positives: measured.positives,
      negatives: measured.negatives,
      combinedKept,
    },
    calibration: {
      inputs: calibrationRows.length,
      strengthsSha256: stored.calibrationStrengths,
      inputsSha256: stored.calibrationInputs,
      conceptVectorsSha256: stored.conceptVectors,
    },
    warnings: [
      ...planWarnings,
      ...reportWarnings({
        heldOut: analysis.quality.heldOut,
        zeroShot: faults.calibrationZeroShot,
        labelled,
        misclassified: misclassified.length,
        quarantined: analysis.quarantinedCount,
        marginReachable: faults.marginReachable,
        calibration,
        calibrated: detector !== null,
        thresholded: threshold < noThreshold,
        pooledClasses: pooledClasses.map((k) => classes[k]),
        classes: classes.length,
        positives: defects,
        negatives: sound,
      }),
    ],
  };

  const accuracy = labelled > 0 ? wilsonInterval(labelled - misclassified.length, labelled) : null;
  const { overall: shares } = faults.report;
  return {
    report: {
      axis: phrases,
      conceptCount: aligned.conceptCount,
      inputs: rows.evaluated.length,
      labelled,
      misclassified: misclassified.length,
      quarantinedCount: analysis.quarantinedCount,
      accuracy: accuracy?.value ?? null,
      accuracyLow: accuracy?.low ?? null,
      accuracyHigh: accuracy?.high ?? null,
      encoderFaults: shares.encoder,
      headFaults: shares.head,
      undecidedFaults: shares.undecided,
      details,
      strengthsSha256: stored.strengths,
      vlmStrengthsSha256: stored.vlmStrengths,
      alignmentSha256: aligned.alignmentSha256,
    },
    ...confusionTables(rows, faults, classes.length),
    detectorMetrics: metrics,
    heatmaps,
    heatmapsSha256: stored.heatmaps,
    verdictsSha256: stored.verdicts,
  };
}

/** The strengths of the evaluated rows as one artifact, streamed. */
async function storeRows(
  { artifactStore }: WorkerContext,
  rows: RunRows,
  kind: "strengths" | "vlmStrengths",
): Promise<string> {
  const bytes = (async function* () {
    for await (const { values } of rows.strengths(rows.evaluated, kind)) yield floatBytes(values.data);
  })();
  return (await artifactStore.put(bytes)).sha256;
}

function isPooled(detector: Detector, classNumber: number): boolean {
  const { correct, incorrect } = detector.fallback(classNumber);
  return correct || incorrect;
}

/** Whether the detector takes the given rows for defects; `verdicts` has its answers for the evaluated ones. */
async function flags(
  rows: RunRows,
  chosen: Uint32Array,
  verdicts: Judgements,
  detector: Detector | null,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const byRow = new Uint8Array(rows.columns.role.length);
  rows.evaluated.forEach((row, i) => {
    byRow[row] = verdicts.defect[i];
  });
  const others = chosen.filter((row) => !(rows.columns.role[row] & ROLE.EVALUATED));
  const { defect } = await judge(rows, others, detector, signal);
  others.forEach((row, i) => {
    byRow[row] = defect[i];
  });
  return Uint8Array.from(chosen, (row) => byRow[row]);
}

function countFlagged(flagged: Uint8Array, defects: Uint8Array, kind: 0 | 1): number {
  return flagged.reduce((sum, value, i) => sum + (defects[i] === kind ? value : 0), 0);
}

function only({ rows, strengths }: ExampleInputs, belongs: (row: number) => boolean): ExampleInputs {
  const kept = Array.from({ length: strengths.rows }, (_, i) => i).filter((i) => belongs(rows[i]));
  return { rows: kept.map((i) => rows[i]), strengths: selectRows(strengths, kept) };
}

/** External ids for the examples of found concepts, looked up at once. */
async function nameExamples(
  { database }: WorkerContext,
  rows: RunRows,
  found: readonly FoundConcept[],
): Promise<(concept: FoundConcept) => ReportDetails["responsibleConcepts"][number]> {
  const wanted = [...new Set(found.flatMap(({ exampleRows }) => exampleRows))];
  const { rows: answers } = await database.pool.query<{ row: number; name: string }>(
    `SELECT wanted.row, input.external_id AS name
     FROM unnest($1::int[], $2::uuid[], $3::int[]) AS wanted (row, dataset_id, position)
     JOIN input ON input.dataset_id = wanted.dataset_id AND input.position = wanted.position`,
    [wanted, wanted.map((row) => rows.datasetOf(row)), wanted.map((row) => rows.columns.position[row])],
  );
  const names = new Map(answers.map(({ row, name }) => [row, name]));
  return ({ exampleRows, ...concept }) => ({
    ...concept,
    exampleInputs: exampleRows.flatMap((row) => names.get(row) ?? []),
  });
}

/** What the encoder lost or invented, and what a linear head weighs wrongly. */
async function explain(
  context: WorkerContext,
  { run }: RunSubject,
  { aligned, rows }: Analysis,
  faults: FaultAnalysis,
  shownRows: Uint32Array,
  calibrationRows: Uint32Array,
): Promise<Pick<ReportDetails, "encoderExplanation" | "headExplanation">> {
  const { columns } = rows;
  const both = async (chosen: Uint32Array): Promise<BothStrengths> => ({
    own: await rows.gatherStrengths(chosen),
    vlm: await rows.gatherStrengths(chosen, "vlmStrengths"),
  });
  const encoderFaults = new Set(rows.evaluated.filter((_, i) => faults.faults[i] === "ENCODER"));
  const { headSha256, embeddingWidth } = run.modelVersion;
  return {
    encoderExplanation: encoderExplanation(
      await both(shownRows.filter((row) => encoderFaults.has(row))),
      await both(calibrationRows.filter((row) => columns.label[row] === columns.predicted[row])),
      aligned.phrases,
    ),
    headExplanation: headSha256
      ? await context.networks.withHead(headSha256, embeddingWidth, (head) =>
          headExplanation(head, faults.report, aligned),
        )
      : [],
  };
}
