import type { DetectorMetric, ReportDetails, RunReport } from "@faultline/db";
import type { Context } from "../context.ts";

/** A run's report, with what its numbers are told in. */
export interface ReportRow
  extends Pick<
    RunReport,
    | "runId"
    | "axis"
    | "conceptCount"
    | "inputs"
    | "labelled"
    | "misclassified"
    | "quarantinedCount"
    | "encoderFaults"
    | "headFaults"
    | "undecidedFaults"
    | "resultSha256"
  > {
  details: ReportDetails;
  /** Of the model version. */
  classes: string[];
  datasetId: string;
  /** Of the similarity that gave the verdicts; null where it was not measured. */
  auroc: number | null;
  aurocLow: number | null;
  aurocHigh: number | null;
}

// One statement each, where Prisma would send one for every table: a report is the API's most frequent answer.

/** Reports in the order of the runs; null for a run that has none. */
export async function reportsByRun(runIds: string[], { pool }: Context): Promise<(ReportRow | null)[]> {
  const { rows } = await pool.query<ReportRow>(
    `SELECT a.run_id AS "runId", a.axis, a.concept_count AS "conceptCount", a.inputs, a.labelled, a.misclassified,
       a.quarantined_count AS "quarantinedCount", a.encoder_faults AS "encoderFaults", a.head_faults AS "headFaults",
       a.undecided_faults AS "undecidedFaults", a.result_sha256 AS "resultSha256", a.details, m.classes,
       r.dataset_id AS "datasetId", d.auroc, d.auroc_low AS "aurocLow", d.auroc_high AS "aurocHigh"
     FROM run_report a
     JOIN run r ON r.id = a.run_id
     JOIN model_version m ON m.id = r.model_version_id
     LEFT JOIN detector_metric d ON d.run_id = a.run_id AND d.detector = a.details->'detector'->>'similarity'
     WHERE a.run_id = ANY ($1::uuid[])`,
    [runIds],
  );
  const found = new Map(rows.map((row) => [row.runId, row]));
  return runIds.map((runId) => found.get(runId) ?? null);
}

/** Misclassified inputs by where the fault lies. */
export interface FaultCounts {
  encoderFaults: number;
  headFaults: number;
  undecidedFaults: number;
}

/** One true class of a run. */
export interface ClassRow extends FaultCounts {
  runId: string;
  class: string;
  inputs: number;
  correct: number;
}

/** The classes of all these runs, each run's in the order of the logits. */
export async function classRowsOf(runIds: string[], { pool }: Context): Promise<ClassRow[]> {
  const { rows } = await pool.query<ClassRow>(
    `SELECT c.run_id AS "runId", m.classes[c.class_index + 1] AS class, c.inputs, c.correct,
       c.encoder_faults AS "encoderFaults", c.head_faults AS "headFaults", c.undecided_faults AS "undecidedFaults"
     FROM class_report c JOIN run r ON r.id = c.run_id JOIN model_version m ON m.id = r.model_version_id
     WHERE c.run_id = ANY ($1::uuid[]) ORDER BY c.class_index`,
    [runIds],
  );
  return rows;
}

/** One cell of a run's confusion matrix. */
export interface PairRow extends FaultCounts {
  runId: string;
  trueClass: string;
  predictedClass: string;
  inputs: number;
}

/** The cells of all these runs, each run's row by row. */
export async function pairRowsOf(runIds: string[], { pool }: Context): Promise<PairRow[]> {
  const { rows } = await pool.query<PairRow>(
    `SELECT p.run_id AS "runId", m.classes[p.true_class + 1] AS "trueClass",
       m.classes[p.predicted_class + 1] AS "predictedClass", p.inputs, p.encoder_faults AS "encoderFaults",
       p.head_faults AS "headFaults", p.undecided_faults AS "undecidedFaults"
     FROM fault_pair p JOIN run r ON r.id = p.run_id JOIN model_version m ON m.id = r.model_version_id
     WHERE p.run_id = ANY ($1::uuid[]) ORDER BY p.true_class, p.predicted_class`,
    [runIds],
  );
  return rows;
}

/** How one detector ranks the defects of a run; without its curves. */
export type DetectorMetricRow = Omit<DetectorMetric, "curves">;

/** The metrics of all these runs, each run's best AUROC first. */
export async function detectorMetricsOf(runIds: string[], { pool }: Context): Promise<DetectorMetricRow[]> {
  const { rows } = await pool.query<DetectorMetricRow>(
    `SELECT run_id AS "runId", detector, semantic, positives, negatives, auroc, auroc_low AS "aurocLow",
       auroc_high AS "aurocHigh", aupr_in AS "auprIn", aupr_out AS "auprOut", fpr95, aurc
     FROM detector_metric WHERE run_id = ANY ($1::uuid[]) ORDER BY auroc DESC, detector`,
    [runIds],
  );
  return rows;
}

/** The JSON column of a metric: points as arrays, to be short. */
export interface Curves {
  roc: [falsePositiveRate: number, truePositiveRate: number, threshold: number | null][];
  riskCoverage: [coverage: number, risk: number][];
}

/** For each run its metrics' curves, by detector. */
export async function curvesByRun(
  runIds: readonly string[],
  { pool }: Context,
): Promise<Map<string, Curves>[]> {
  const { rows } = await pool.query<{ runId: string; detector: string; curves: Curves }>(
    `SELECT run_id AS "runId", detector, curves FROM detector_metric WHERE run_id = ANY ($1::uuid[])`,
    [runIds],
  );
  return runIds.map(
    (id) =>
      new Map(rows.filter(({ runId }) => runId === id).map(({ detector, curves }) => [detector, curves])),
  );
}
