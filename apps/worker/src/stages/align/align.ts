import {
  AlignmentAccumulator,
  checkSharedSpace,
  encodeAlignment,
  fitAlignment,
  type Matrix,
  matrix,
  requireSharedSpace,
  row,
  stackRows,
} from "@faultline/core";
import {
  datasetPlanOf,
  type EmbeddedShard,
  ROLE,
  type RunPlan,
  readMatrix,
  type Warning,
} from "@faultline/run";
import type { Task } from "graphile-worker";
import { RunFailure } from "../../queue/run-failure.ts";
import type { WorkerContext } from "../../queue/run-job.ts";
import { handedOverShards, type Shard } from "../../queue/run-state.ts";
import { wholeRunJob } from "../../queue/stage-job.ts";
import { readLabels } from "../labels.ts";
import { readPlan, readRoles } from "../plan/run-plan.ts";
import { loadRunSubject } from "../run-subject.ts";
import { storeAxis } from "./aligned-run.ts";
import { type ConceptAxis, conceptAxis } from "./concept-axis.ts";

type Embedded = Shard & { handOver: EmbeddedShard };

/** Image embeddings that the check of the shared space looks at; more would not change its answer. */
const spaceCheckInputs = 1000;

/** A heatmap count of a run's spans costs classes × axis² numbers each, so there are few of them. */
const maximumSpans = 32;
/** Shards of a span at least: a shard's strengths take milliseconds, a job's statements and commits as long. */
const shortestSpan = 4;

/**
 * Adds the shards' normal equations up, in order of shards, and fits the alignment; makes the concept axis;
 * refuses a VLM whose texts and images do not share a space; opens the STRENGTHS stage.
 */
export function align(context: WorkerContext): Task {
  const { artifactStore, database } = context;
  const { pool } = database;
  return wholeRunJob("ALIGN", context, async (job, signal) => {
    const subject = await loadRunSubject(database, job);
    const plan = await readPlan(pool, job);
    const shards = await handedOverShards(pool, job.runId, "EMBED");
    const axis = await conceptAxis(context, subject);
    signal.throwIfAborted();
    await requireOneSpace(context, plan, shards, axis, subject.configuration.seed);
    signal.throwIfAborted();

    const accumulator = new AlignmentAccumulator(
      subject.run.modelVersion.embeddingWidth,
      subject.run.visionLanguageModel.embeddingWidth,
    );
    for (const { handOver } of shards) {
      if (handOver.alignmentSha256 === null) continue;
      const bytes = await artifactStore.read(handOver.alignmentSha256);
      accumulator.merge(AlignmentAccumulator.decode(bytes));
      signal.throwIfAborted();
    }
    if (accumulator.inputs < 2)
      throw new RunFailure(
        `Only ${accumulator.inputs} alignment inputs could be used, at least 2 are needed: the others are quarantined. Repair them, or add alignment images.`,
      );
    const alignment = fitAlignment(accumulator, { lambda: subject.configuration.ridgePenalty ?? undefined });
    const warnings: Warning[] = [];
    if (alignment.inputs <= alignment.inputWidth)
      warnings.push({
        code: "FEW_ALIGNMENT_INPUTS",
        message: `${alignment.inputs} inputs fit a map from ${alignment.inputWidth} dimensions: what lies outside of their span is invisible to it. Add alignment images, several times the width.`,
      });
    const handOver = {
      alignmentSha256: (await artifactStore.put(encodeAlignment(alignment))).sha256,
      centre: Array.from(accumulator.outputMean),
      ...(await storeAxis(context, axis)),
      warnings,
    };
    return { handOver, next: spansOf(shards) };
  });
}

/** Consecutive shards of one dataset, joined by fours and until there are at most 32: depends on the shards alone. */
function spansOf(shards: readonly Shard[]): Shard[] {
  const length = Math.max(shortestSpan, Math.ceil(shards.length / (maximumSpans - 1)));
  const spans: (Shard & { shards: number })[] = [];
  for (const { datasetId, firstPosition, endPosition, inputs } of shards) {
    const last = spans.at(-1);
    if (last && last.datasetId === datasetId && last.shards < length) {
      last.endPosition = endPosition;
      last.inputs += inputs;
      last.shards++;
    } else spans.push({ datasetId, firstPosition, endPosition, inputs, shards: 1 });
  }
  return spans;
}

/** @throws core's InvalidInputError when the VLM's texts mean nothing to its image embeddings */
async function requireOneSpace(
  context: WorkerContext,
  plan: RunPlan,
  shards: readonly Embedded[],
  axis: ConceptAxis,
  seed: number,
): Promise<void> {
  const { images, labels, labelledImages } = await sampleImages(context, plan, shards);
  if (images.rows < 2) return;
  const distinct = new Set(labels);
  // Zero-shot is asked of labelled images of at least two classes; alone it would prove nothing.
  const labelled = distinct.size >= 2 ? { labels, classVectors: axis.classVectors } : undefined;
  requireSharedSpace(
    checkSharedSpace(labelled ? labelledImages : images, axis.textEmbeddings, { seed, labelled }),
  );
}

/** The first usable clean inputs, of the base dataset: calibration for its labels, else any. */
async function sampleImages(
  { database, artifactStore }: WorkerContext,
  plan: RunPlan,
  shards: readonly Embedded[],
): Promise<{ images: Matrix; labels: number[]; labelledImages: Matrix }> {
  const [base] = plan.datasets;
  const images: Float32Array[] = [];
  const labelledImages: Float32Array[] = [];
  const labels: number[] = [];
  for (const shard of shards) {
    if (shard.datasetId !== base.datasetId || labels.length >= spaceCheckInputs) continue;
    const roles = await readRoles(artifactStore, datasetPlanOf(plan, shard.datasetId), shard);
    const wanted = images.length < spaceCheckInputs ? ~0 : ROLE.CALIBRATION;
    if (!roles.some((bits) => bits & wanted)) continue;
    const values = await readMatrix(artifactStore, shard.handOver.imageEmbedding);
    const unusable = new Set(shard.handOver.quarantined.map(({ position }) => position));
    const known = await readLabels(database.pool, shard, base.classNumbers);
    for (const [i, bits] of roles.entries()) {
      if (bits === 0 || unusable.has(i)) continue;
      if (images.length < spaceCheckInputs) images.push(row(values, i));
      if (known[i] >= 0 && bits & ROLE.CALIBRATION && labels.length < spaceCheckInputs) {
        labelledImages.push(row(values, i));
        labels.push(known[i]);
      }
    }
  }
  return { images: matrixOf(images), labels, labelledImages: matrixOf(labelledImages) };
}

function matrixOf(rows: readonly Float32Array[]): Matrix {
  return rows.length === 0 ? matrix(0, 0) : stackRows(rows.map((values) => matrix(1, values.length, values)));
}
