import { type DetectorMetric, queryPrepared, type ReportDetails, type RunReport } from "@faultline/db";
import { createContextCache } from "@pothos/core";
import DataLoader from "dataloader";
import { type GraphQLResolveInfo, Kind, type SelectionSetNode } from "graphql";
import type { Context } from "../context.ts";
import { type KnownRun, knownRun } from "../runs/known-runs.ts";

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
  const lists = [...wantedLists(context)].sort();
  const [{ rows }, runs] = await Promise.all([
    queryPrepared<{ report: Omit<ReportRow, "run"> & ListColumns }>(
      context.pool,
      `SELECT row_to_json(l) AS report FROM (
         SELECT a.run_id AS "runId", a.axis, a.concept_count AS "conceptCount", a.inputs, a.labelled, a.misclassified,
           a.quarantined_count AS "quarantinedCount", a.encoder_faults AS "encoderFaults",
           a.head_faults AS "headFaults", a.undecided_faults AS "undecidedFaults",
           a.result_sha256 AS "resultSha256", a.details - 'responsibleConceptsByClass' AS details
           ${lists.map((list) => `, ${listColumn(list)}`).join("")}
         FROM run_report a JOIN run r ON r.id = a.run_id JOIN model_version m ON m.id = r.model_version_id
         WHERE a.run_id = ANY ($1::uuid[])) l`,
      [runIds],
    ),
    Promise.all(runIds.map((runId) => knownRun(context, runId))),
  ]);
  const found = new Map(rows.map(({ report }) => [report.runId, report]));
  return runIds.map((runId, i) => {
    const report = found.get(runId);
    if (!report) return null;
    for (const list of lists) listLoader(context).prime({ runId, list }, report[list] ?? []);
    return { ...report, run: runs[i] as KnownRun };
  });
}

type ConceptsByClass = ReportDetails["responsibleConceptsByClass"];

const conceptsByClassLoader = createContextCache(
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

/** Misclassified inputs by where the fault lies. */
export interface FaultCounts {
  encoderFaults: number;
  headFaults: number;
  undecidedFaults: number;
}

/** One true class of a run. */
export interface ClassRow extends FaultCounts {
  class: string;
  inputs: number;
  correct: number;
}

/** One cell of a run's confusion matrix. */
export interface PairRow extends FaultCounts {
  trueClass: string;
  predictedClass: string;
  inputs: number;
}

/** How one detector ranks the defects of a run; without its curves. */
export type DetectorMetricRow = Omit<DetectorMetric, "curves">;

interface ReportLists {
  /** In the order of the logits. */
  classes: ClassRow[];
  /** Cells with an input, row by row. */
  pairs: PairRow[];
  /** Best AUROC first. */
  detectorMetrics: DetectorMetricRow[];
}

const faultColumns = `encoder_faults AS "encoderFaults", head_faults AS "headFaults",
  undecided_faults AS "undecidedFaults"`;

/** The rows of each list for the run `r` and its model version `m`. */
const listSql: Record<keyof ReportLists, string> = {
  classes: `SELECT m.classes[class_index + 1] AS class, inputs, correct, ${faultColumns}
    FROM class_report WHERE run_id = r.id ORDER BY class_index`,
  pairs: `SELECT m.classes[true_class + 1] AS "trueClass", m.classes[predicted_class + 1] AS "predictedClass", inputs,
      ${faultColumns}
    FROM fault_pair WHERE run_id = r.id ORDER BY true_class, predicted_class`,
  detectorMetrics: `SELECT run_id AS "runId", detector, semantic, positives, negatives, auroc,
      auroc_low AS "aurocLow", auroc_high AS "aurocHigh", aupr_in AS "auprIn", aupr_out AS "auprOut", fpr95, aurc
    FROM detector_metric WHERE run_id = r.id ORDER BY auroc DESC, detector`,
};

interface ListKey {
  runId: string;
  list: keyof ReportLists;
}

type ListColumns = { [List in keyof ReportLists]?: ReportLists[List] | null };

function listColumn(list: keyof ReportLists): string {
  return `(SELECT json_agg(row_to_json(l)) FROM (${listSql[list]}) l) AS "${list}"`;
}

/** All lists that an answer needs at a time, of whichever runs, come with one statement. */
const listLoader = createContextCache(
  ({ pool }: Context) =>
    new DataLoader<ListKey, ReportLists[keyof ReportLists], string>(
      async (keys) => {
        const lists = [...new Set(keys.map(({ list }) => list))].sort();
        const { rows } = await queryPrepared<{ id: string } & ListColumns>(
          pool,
          `SELECT r.id, ${lists.map(listColumn).join(", ")}
           FROM run r JOIN model_version m ON m.id = r.model_version_id WHERE r.id = ANY ($1::uuid[])`,
          [[...new Set(keys.map(({ runId }) => runId))]],
        );
        const found = new Map(rows.map((row) => [row.id, row]));
        return keys.map(({ runId, list }) => found.get(runId)?.[list] ?? []);
      },
      { cacheKeyFn: ({ runId, list }) => `${list} ${runId}` },
    ),
);

/** One of the lists of a run's report; empty where there is no report. */
export async function reportList<List extends keyof ReportLists>(
  runId: string,
  list: List,
  context: Context,
): Promise<ReportLists[List]> {
  return (await listLoader(context).load({ runId, list })) as ReportLists[List];
}

/** Lists that come with the reports of an answer. */
const wantedLists = createContextCache(() => new Set<keyof ReportLists>());

/**
 * Has the lists that a report's selection names read with the report. What is named in vain (behind `@skip`, say) is
 * thrown away.
 */
export function wantLists(info: GraphQLResolveInfo, context: Context): void {
  const selected = selectedFields(info);
  for (const list of Object.keys(listSql) as (keyof ReportLists)[])
    if (selected.has(list)) wantedLists(context).add(list);
}

/** Names of the fields right below a field. */
function selectedFields({ fieldNodes, fragments }: GraphQLResolveInfo): Set<string> {
  const names = new Set<string>();
  const add = ({ selections }: SelectionSetNode) => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) names.add(selection.name.value);
      else if (selection.kind === Kind.INLINE_FRAGMENT) add(selection.selectionSet);
      else add(fragments[selection.name.value].selectionSet);
    }
  };
  for (const { selectionSet } of fieldNodes) if (selectionSet) add(selectionSet);
  return names;
}

/** The JSON column of a metric: points as arrays, to be short. */
export interface Curves {
  roc: [falsePositiveRate: number, truePositiveRate: number, threshold: number | null][];
  riskCoverage: [coverage: number, risk: number][];
}

const curvesLoader = createContextCache(
  ({ pool }: Context) =>
    new DataLoader<string, Map<string, Curves>>(async (runIds) => {
      const { rows } = await queryPrepared<{ runId: string; detector: string; curves: Curves }>(
        pool,
        `SELECT run_id AS "runId", detector, curves FROM detector_metric WHERE run_id = ANY ($1::uuid[])`,
        [runIds],
      );
      return runIds.map(
        (id) =>
          new Map(rows.filter(({ runId }) => runId === id).map(({ detector, curves }) => [detector, curves])),
      );
    }),
);

/** Curves are long: they are read only where they are asked for, then for all metrics of a run at once. */
export async function curvesOf({ runId, detector }: DetectorMetricRow, context: Context): Promise<Curves> {
  return (await curvesLoader(context).load(runId)).get(detector) as Curves;
}
