import { type DetectorMetric, queryPrepared } from "@faultline/db";
import DataLoader from "dataloader";
import { type GraphQLResolveInfo, Kind, type SelectionSetNode } from "graphql";
import type { Context } from "../context.ts";
import { perRequest } from "../per-request.ts";

/** Misclassified inputs by where the fault lies. */
export interface FaultCounts {
  encoderFaults: number;
  headFaults: number;
  undecidedFaults: number;
}

/** One true class of a run. */
export interface ClassRow extends FaultCounts {
  classIndex: number;
  inputs: number;
  correct: number;
}

/** One cell of a run's confusion matrix. */
export interface PairRow extends FaultCounts {
  /** Class indices. */
  label: number;
  predicted: number;
  inputs: number;
}

/** How one detector ranks the defects of a run; without its curves. */
export type DetectorMetricRow = Omit<DetectorMetric, "curves">;

/** What a run's report has many of. */
interface ReportLists {
  /** In the order of the logits. */
  classes: ClassRow[];
  /** Cells with an input, row by row. */
  pairs: PairRow[];
  /** Best AUROC first. */
  detectorMetrics: DetectorMetricRow[];
}

type List = keyof ReportLists;

/** Where the rows of a list are, and what the columns of its table are called here. */
interface ListSource {
  table: string;
  order: string;
  columns: Record<string, string>;
}

const faultColumns: Record<keyof FaultCounts, string> = {
  encoderFaults: "encoder_faults",
  headFaults: "head_faults",
  undecidedFaults: "undecided_faults",
};

const sources: Record<List, ListSource> = {
  classes: {
    table: "class_report",
    order: "class_index",
    columns: { classIndex: "class_index", inputs: "inputs", correct: "correct", ...faultColumns },
  },
  pairs: {
    table: "fault_pair",
    order: "true_class, predicted_class",
    columns: { label: "true_class", predicted: "predicted_class", inputs: "inputs", ...faultColumns },
  },
  detectorMetrics: {
    table: "detector_metric",
    order: "auroc DESC, detector",
    columns: {
      runId: "run_id",
      detector: "detector",
      semantic: "semantic",
      positives: "positives",
      negatives: "negatives",
      auroc: "auroc",
      aurocLow: "auroc_low",
      aurocHigh: "auroc_high",
      auprIn: "aupr_in",
      auprOut: "aupr_out",
      fpr95: "fpr95",
      aurc: "aurc",
    },
  },
};

/** The lists as a statement gives them: column by column, which Postgres writes in half the time that rows take it. */
export type ListColumns = { [list in List]?: Record<string, unknown[] | null> };

/** The SQL of a list as one JSON column, for the run that the expression `runId` names. */
export function listColumn(list: List, runId: string): string {
  const { table, order, columns } = sources[list];
  const arrays = Object.entries(columns).map(([name, column]) => `'${name}', array_agg(l.${column})`);
  return `(SELECT json_build_object(${arrays.join(", ")})
     FROM (SELECT ${Object.values(columns).join(", ")} FROM ${table} WHERE run_id = ${runId} ORDER BY ${order}) l
    ) AS "${list}"`;
}

function rowsOf(columns: Record<string, unknown[] | null> = {}): ReportLists[List] {
  const entries = Object.entries(columns);
  return Array.from({ length: entries[0]?.[1]?.length ?? 0 }, (_, i) => {
    const row: Record<string, unknown> = {};
    for (const [name, values] of entries) row[name] = values?.[i];
    return row;
  }) as unknown as ReportLists[List];
}

interface ListKey {
  runId: string;
  list: List;
}

/** All lists that an answer needs at a time, of whichever runs, come with one statement. */
const listLoader = perRequest(
  ({ pool }: Context) =>
    new DataLoader<ListKey, ReportLists[List], string>(
      async (keys) => {
        const lists = [...new Set(keys.map(({ list }) => list))].sort();
        const { rows } = await queryPrepared<{ id: string } & ListColumns>(
          pool,
          `SELECT r.id, ${lists.map((list) => listColumn(list, "r.id")).join(", ")}
           FROM run r WHERE r.id = ANY ($1::uuid[])`,
          [[...new Set(keys.map(({ runId }) => runId))]],
        );
        const found = new Map(rows.map((row) => [row.id, row]));
        return keys.map(({ runId, list }) => rowsOf(found.get(runId)?.[list]));
      },
      { cacheKeyFn: ({ runId, list }) => `${list} ${runId}` },
    ),
);

/** One of the lists of a run's report; empty where there is no report. */
export async function reportList<Name extends List>(
  runId: string,
  list: Name,
  context: Context,
): Promise<ReportLists[Name]> {
  return (await listLoader(context).load({ runId, list })) as ReportLists[Name];
}

/** Has lists that came with a report at hand for {@link reportList}. */
export function primeLists(
  runId: string,
  columns: ListColumns,
  lists: readonly List[],
  context: Context,
): void {
  for (const list of lists) listLoader(context).prime({ runId, list }, rowsOf(columns[list]));
}

const wanted = perRequest(() => new Set<List>());

/** Lists that come with the reports of an answer. */
export function wantedLists(context: Context): List[] {
  return [...wanted(context)].sort();
}

/**
 * Has the lists that a report's selection names read with the report. What is named in vain (behind `@skip`, say) is
 * thrown away.
 */
export function wantLists(info: GraphQLResolveInfo, context: Context): void {
  const selected = selectedFields(info);
  for (const list of Object.keys(sources) as List[]) if (selected.has(list)) wanted(context).add(list);
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

const curvesLoader = perRequest(
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
