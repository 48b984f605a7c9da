import { queryPrepared, type RunReport } from "@faultline/db";
import type { ReportDetails } from "@faultline/run";
import DataLoader from "dataloader";
import type { Context } from "../context.ts";
import { perRequest } from "../per-request.ts";
import type { KnownRun } from "../runs/known-runs.ts";
import { type ListColumns, listColumn, primeLists, wantedLists } from "./report-lists.ts";

/** A run's report, with the run that it is about. */
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
  /** Without the responsible concepts of each class, which are most of it: see {@link responsibleConceptsByClass}. */
  details: Omit<ReportDetails, "responsibleConceptsByClass">;
  run: KnownRun;
}

// One statement for all, where Prisma would send one for every table: a report is the API's most frequent answer.

/**
 * Reports in the order of the runs; null for a run that has none. The lists that {@link wantLists} has named come
 * with the same statement.
 */
export async function reportsByRun(runIds: string[], context: Context): Promise<(ReportRow | null)[]> {
  const lists = wantedLists(context);
  const [{ rows }, runs] = await Promise.all([
    queryPrepared<{ report: Omit<ReportRow, "run"> & ListColumns }>(
      context.pool,
      `SELECT row_to_json(l) AS report FROM (
         SELECT a.run_id AS "runId", a.axis, a.concept_count AS "conceptCount", a.inputs, a.labelled, a.misclassified,
           a.quarantined_count AS "quarantinedCount", a.encoder_faults AS "encoderFaults",
           a.head_faults AS "headFaults", a.undecided_faults AS "undecidedFaults",
           a.result_sha256 AS "resultSha256", a.details - 'responsibleConceptsByClass' AS details
           ${lists.map((list) => `, ${listColumn(list, "a.run_id")}`).join("")}
         FROM run_report a WHERE a.run_id = ANY ($1::uuid[])) l`,
      [runIds],
    ),
    context.knownRuns.byIds(runIds),
  ]);
  const found = new Map(rows.map(({ report }) => [report.runId, report]));
  return runIds.map((runId) => {
    const report = found.get(runId);
    if (!report) return null;
    primeLists(runId, report, lists, context);
    return { ...report, run: runs.get(runId) as KnownRun };
  });
}

type ConceptsByClass = ReportDetails["responsibleConceptsByClass"];

const conceptsByClassLoader = perRequest(
  ({ pool }: Context) =>
    new DataLoader<string, ConceptsByClass>(async (runIds) => {
      const { rows } = await queryPrepared<{ runId: string; concepts: ConceptsByClass }>(
        pool,
        `SELECT run_id AS "runId", details->'responsibleConceptsByClass' AS concepts FROM run_report
         WHERE run_id = ANY ($1::uuid[])`,
        [runIds],
      );
      const found = new Map(rows.map(({ runId, concepts }) => [runId, concepts]));
      return runIds.map((runId) => found.get(runId) ?? []);
    }),
);

/** The responsible concepts of each class of a run. */
export function responsibleConceptsByClass(runId: string, context: Context): Promise<ConceptsByClass> {
  return conceptsByClassLoader(context).load(runId);
}
