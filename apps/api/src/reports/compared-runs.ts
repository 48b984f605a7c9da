import type { Interval } from "@faultline/core";
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import type { KnownRun } from "../runs/known-runs.ts";
import { RunType } from "../runs/runs.ts";
import { IntervalType, share } from "./intervals.ts";
import type { PairedCounts } from "./known-paired-counts.ts";

/** A run as comparisons show it. */
export interface ComparedRun {
  run: KnownRun;
  /** Model and version. */
  modelVersion: string;
  /** Null for clean data. */
  attackType: string | null;
  cleanDatasetId: string | null;
  inputs: number;
  labelled: number;
  misclassified: number;
  encoderFaults: number;
  headFaults: number;
  undecidedFaults: number;
  strengthsSha256: string;
  /** The AUROC of the similarity that gave the run's verdicts; null where it was not measured. */
  detectorAuroc: Interval | null;
}

/** One statement for all runs, which have succeeded. */
export async function comparedRuns({ pool }: Context, runs: KnownRun[]): Promise<ComparedRun[]> {
  const { rows } = await pool.query<Omit<ComparedRun, "run"> & { runId: string }>({
    name: "compared-runs",
    text: `SELECT a.run_id AS "runId", n.name || ' ' || m.name AS "modelVersion", t.name AS "attackType",
       d.clean_dataset_id AS "cleanDatasetId", a.inputs, a.labelled, a.misclassified,
       a.encoder_faults AS "encoderFaults", a.head_faults AS "headFaults", a.undecided_faults AS "undecidedFaults",
       a.strengths_sha256 AS "strengthsSha256",
       CASE WHEN k.detector IS NOT NULL
         THEN json_build_object('value', k.auroc, 'low', k.auroc_low, 'high', k.auroc_high) END AS "detectorAuroc"
     FROM run_report a
     JOIN run r ON r.id = a.run_id
     JOIN model_version m ON m.id = r.model_version_id
     JOIN model n ON n.id = m.model_id
     JOIN dataset d ON d.id = r.dataset_id
     LEFT JOIN attack_type t ON t.id = d.attack_type_id
     LEFT JOIN detector_metric k ON k.run_id = a.run_id AND k.detector = a.details #>> '{detector,similarity}'
     WHERE a.run_id = ANY ($1::uuid[])`,
    values: [runs.map(({ id }) => id)],
  });
  const found = new Map(rows.map((row) => [row.runId, row]));
  return runs.map((run) => ({ ...(found.get(run.id) as (typeof rows)[number]), run }));
}

export const ComparisonCellType = builder.objectRef<ComparedRun>("ComparisonCell").implement({
  description: "One run in the matrix of version × attack type.",
  fields: (t) => ({
    run: t.expose("run", { type: RunType, description: "The run." }),
    modelVersion: t.exposeString("modelVersion", { description: "Model and version." }),
    attackType: t.exposeString("attackType", { nullable: true, description: "Null for clean data." }),
    accuracy: t.field({
      type: IntervalType,
      nullable: true,
      description: "Share of the labelled inputs that is correct.",
      resolve: ({ labelled, misclassified }) => share(labelled - misclassified, labelled),
    }),
    encoderShare: t.field({
      type: IntervalType,
      nullable: true,
      description: "Encoder faults among the misclassified inputs.",
      resolve: ({ encoderFaults, misclassified }) => share(encoderFaults, misclassified),
    }),
    headShare: t.field({
      type: IntervalType,
      nullable: true,
      description: "Head faults among the misclassified inputs.",
      resolve: ({ headFaults, misclassified }) => share(headFaults, misclassified),
    }),
    undecidedShare: t.field({
      type: IntervalType,
      nullable: true,
      description: "Undecided faults among the misclassified inputs.",
      resolve: ({ undecidedFaults, misclassified }) => share(undecidedFaults, misclassified),
    }),
    detectorAuroc: t.expose("detectorAuroc", {
      type: IntervalType,
      nullable: true,
      description: "AUROC of the similarity in use.",
    }),
  }),
});

/** A run, the baseline, and how they agree on the inputs that both evaluated. */
export interface ComparedPair {
  compared: ComparedRun;
  reference: ComparedRun;
  counts: PairedCounts;
}
