import { AlignmentQualityAccumulator, ConceptFidelityAccumulator } from "@faultline/core";
import { type AlignmentQuality, readColumns, type Warning } from "@faultline/run";
import type { WorkerContext } from "../../queue/run-job.ts";
import { handedOverShards, type RunReference } from "../../queue/run-state.ts";
import { type AlignedRun, readAlignedRun } from "../align/aligned-run.ts";
import { readPlan } from "../plan/run-plan.ts";
import { HeatmapTotals } from "../strengths/heatmap-groups.ts";
import { RunRows } from "./run-rows.ts";

/** A run whose spans are added up, in order. */
export interface ReducedRun {
  aligned: AlignedRun;
  rows: RunRows;
  totals: HeatmapTotals;
  quality: { evaluated: AlignmentQuality; clean: AlignmentQuality | null; heldOut: AlignmentQuality | null };
  /** Pearson correlation of aligned and VLM strengths by axis entry; NaN where a side does not vary. */
  fidelity: Float64Array;
  quarantinedCount: number;
  /** Of the earlier stages. */
  warnings: Warning[];
}

/** @throws RunEnded when a newer attempt has begun */
export async function reduceRun(context: WorkerContext, reference: RunReference): Promise<ReducedRun> {
  const { database, artifactStore } = context;
  const { runId } = reference;
  const aligned = await readAlignedRun(context, runId);
  const plan = await readPlan(database.pool, reference);
  const embedded = await handedOverShards(database.pool, runId, "EMBED");
  const spans = await handedOverShards(database.pool, runId, "STRENGTHS");
  const rows = await RunRows.open(
    artifactStore,
    spans.flatMap(({ handOver }) => handOver.shards),
    embedded,
  );
  const totals = new HeatmapTotals(aligned.phrases.length);
  const accumulators = {
    evaluated: new AlignmentQualityAccumulator(aligned.centre),
    clean: new AlignmentQualityAccumulator(aligned.centre),
    heldOut: new AlignmentQualityAccumulator(aligned.centre),
  };
  const fidelity = new ConceptFidelityAccumulator(aligned.phrases.length);
  for (const { handOver } of spans) {
    totals.mergeEncoded(await readColumns(artifactStore, handOver.heatmapsSha256));
    const encoded = await readColumns<Record<keyof typeof accumulators | "fidelity", Uint8Array>>(
      artifactStore,
      handOver.accumulatorsSha256,
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
    quarantinedCount: embedded.reduce((sum, { handOver }) => sum + handOver.quarantined.length, 0),
    warnings: [...plan.warnings, ...aligned.warnings],
  };
}

function qualityOf(accumulator: AlignmentQualityAccumulator): AlignmentQuality | null {
  if (accumulator.inputs === 0) return null;
  const { inputs, r2, meanCosine, meanCentredCosine } = accumulator.quality();
  // Where the VLM sees no difference between the inputs there is nothing to explain.
  return { inputs, r2: Number.isNaN(r2) ? 0 : r2, meanCosine, centredCosine: meanCentredCosine };
}
