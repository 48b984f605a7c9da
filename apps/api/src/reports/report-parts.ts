import type { DetectorMetric, RunReport } from "@faultline/db";
import type { ReportDetails } from "@faultline/run";
import DataLoader from "dataloader";
import type { Context } from "../context.ts";
import { NotFoundError } from "../errors.ts";
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

/** The numbers of a run's report that are one each. */
export interface ReportRow
  extends Pick<
    RunReport,
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
}

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
type Part = "row" | List;

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

const rowColumn = `(SELECT json_build_object('conceptCount', a.concept_count, 'inputs', a.inputs,
       'labelled', a.labelled, 'misclassified', a.misclassified, 'quarantinedCount', a.quarantined_count,
       'encoderFaults', a.encoder_faults, 'headFaults', a.head_faults, 'undecidedFaults', a.undecided_faults,
       'resultSha256', a.result_sha256, 'details', a.details - 'responsibleConceptsByClass')
     FROM run_report a WHERE a.run_id = r.id) AS row`;

/** The SQL of a part as one JSON column; of a list column by column, which Postgres writes in half the time of rows. */
function partColumn(part: Part): string {
  if (part === "row") return rowColumn;
  const { table, order, columns } = sources[part];
  const arrays = Object.entries(columns).map(([name, column]) => `'${name}', array_agg(l.${column})`);
  return `(SELECT json_build_object(${arrays.join(", ")})
     FROM (SELECT ${Object.values(columns).join(", ")} FROM ${table} WHERE run_id = r.id ORDER BY ${order}) l
    ) AS "${part}"`;
}

interface StoredParts extends Partial<Record<List, Record<string, unknown[] | null>>> {
  id: string;
  row?: ReportRow | null;
}

function rowsOf(columns: Record<string, unknown[] | null> = {}): Record<string, unknown>[] {
  const entries = Object.entries(columns);
  return Array.from({ length: entries[0]?.[1]?.length ?? 0 }, (_, i) => {
    const row: Record<string, unknown> = {};
    for (const [name, values] of entries) row[name] = values?.[i];
    return row;
  });
}

interface PartKey {
  runId: string;
  part: Part;
}

/** All parts that an answer needs at a time, of whichever runs, come with one statement. */
const partLoader = perRequest(
  ({ pool }: Context) =>
    new DataLoader<PartKey, unknown, string>(
      async (keys) => {
        const parts = [...new Set(keys.map(({ part }) => part))].sort();
        const { rows } = await pool.query<StoredParts>({
          name: `report-parts ${parts.join(" ")}`,
          text: `SELECT r.id, ${parts.map(partColumn).join(", ")} FROM run r WHERE r.id = ANY ($1::uuid[])`,
          values: [[...new Set(keys.map(({ runId }) => runId))]],
        });
        const found = new Map(rows.map((row) => [row.id, row]));
        return keys.map(({ runId, part }) => {
          const stored = found.get(runId);
          return part === "row" ? (stored?.row ?? null) : rowsOf(stored?.[part]);
        });
      },
      { cacheKeyFn: ({ runId, part }) => `${part} ${runId}` },
    ),
);

/** The single numbers of the report of a run that had one. @throws NotFoundError when it was deleted meanwhile */
export async function reportRow(runId: string, context: Context): Promise<ReportRow> {
  const row = (await partLoader(context).load({ runId, part: "row" })) as ReportRow | null;
  if (!row) throw new NotFoundError("run", "The run was deleted meanwhile.");
  return row;
}

/** One of the lists of a run's report; empty where there is no report. */
export async function reportList<Name extends List>(
  runId: string,
  list: Name,
  context: Context,
): Promise<ReportLists[Name]> {
  return (await partLoader(context).load({ runId, part: list })) as ReportLists[Name];
}

/** The JSON column of a metric: points as arrays, to be short. */
export interface Curves {
  roc: [falsePositiveRate: number, truePositiveRate: number, threshold: number | null][];
  riskCoverage: [coverage: number, risk: number][];
}

const curvesLoader = perRequest(
  ({ pool }: Context) =>
    new DataLoader<string, Map<string, Curves>>(async (runIds) => {
      const { rows } = await pool.query<{ runId: string; detector: string; curves: Curves }>({
        name: "detector-curves",
        text: `SELECT run_id AS "runId", detector, curves FROM detector_metric WHERE run_id = ANY ($1::uuid[])`,
        values: [runIds],
      });
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

type ConceptsByClass = ReportDetails["responsibleConceptsByClass"];

const conceptsByClassLoader = perRequest(
  ({ pool }: Context) =>
    new DataLoader<string, ConceptsByClass>(async (runIds) => {
      const { rows } = await pool.query<{ runId: string; concepts: ConceptsByClass }>({
        name: "responsible-concepts-by-class",
        text: `SELECT run_id AS "runId", details->'responsibleConceptsByClass' AS concepts FROM run_report
         WHERE run_id = ANY ($1::uuid[])`,
        values: [runIds],
      });
      const found = new Map(rows.map(({ runId, concepts }) => [runId, concepts]));
      return runIds.map((runId) => found.get(runId) ?? []);
    }),
);

/** The responsible concepts of each class of a run. */
export function responsibleConceptsByClass(runId: string, context: Context): Promise<ConceptsByClass> {
  return conceptsByClassLoader(context).load(runId);
}
