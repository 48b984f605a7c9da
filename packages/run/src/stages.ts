import type { z } from "zod";
import { alignedRun } from "./hand-overs/aligned-run.ts";
import { embeddedShard } from "./hand-overs/embedded-shard.ts";
import { runPlan } from "./hand-overs/plan.ts";
import { reported } from "./hand-overs/run-result.ts";
import { strengthsSpan } from "./hand-overs/strengths-span.ts";

interface StageDefinition {
  /** Name of its jobs in the queue. */
  readonly job: string;
  /** What a job does, for people. */
  readonly does: string;
  /** Whether it is cut into shards, a job each, or is one job for the whole run. */
  readonly jobs: "one a shard" | "one";
  /** What each job hands over to the later stages; null: its result is published instead. */
  readonly handOver: z.ZodType | null;
  /** The stage that the last job to finish opens; null: the run has succeeded. */
  readonly next: string | null;
}

/**
 * The whole walk of a run, in order. Every job is idempotent, and nothing is visible before the last stage publishes
 * it. `apps/worker/src/stages` has a folder for each.
 */
export const stages = {
  PLAN: {
    job: "plan-run",
    does: "checks that the run's parts fit, gives every input its roles, cuts the shards",
    jobs: "one",
    handOver: runPlan,
    next: "EMBED",
  },
  EMBED: {
    job: "embed-shard",
    does: "embeds a shard's images by encoder and image tower, computes logits, adds up the alignment's normal equations",
    jobs: "one a shard",
    handOver: embeddedShard,
    next: "ALIGN",
  },
  ALIGN: {
    job: "align",
    does: "fits the affine map, makes the concept axis, refuses a VLM whose texts and images share no space",
    jobs: "one",
    handOver: alignedRun,
    next: "STRENGTHS",
  },
  STRENGTHS: {
    job: "strengths-shard",
    does: "computes the concept strengths of a span of shards and counts its heatmaps",
    jobs: "one a shard",
    handOver: strengthsSpan,
    next: "REPORT",
  },
  REPORT: {
    job: "report",
    does: "localises faults, finds responsible concepts, calibrates and measures detectors, judges every input",
    jobs: "one",
    handOver: reported,
    next: "VERDICTS",
  },
  VERDICTS: {
    job: "verdicts",
    does: "publishes report, heatmaps, metrics and verdicts in one transaction",
    jobs: "one",
    handOver: null,
    next: null,
  },
} as const satisfies Record<string, StageDefinition>;

export type Stage = keyof typeof stages;

/** Stages that are cut into shards. */
export type ShardedStage = {
  [S in Stage]: (typeof stages)[S]["jobs"] extends "one a shard" ? S : never;
}[Stage];

/** Stages that later ones read from. */
export type HandingStage = {
  [S in Stage]: (typeof stages)[S]["handOver"] extends z.ZodType ? S : never;
}[Stage];

/** What a job of a stage hands over. */
export type HandOver<S extends HandingStage> = z.infer<(typeof stages)[S]["handOver"]>;

/** @throws ZodError when it is not what the stage hands over */
export function readHandOver<S extends HandingStage>(stage: S, stored: unknown): HandOver<S> {
  return stages[stage].handOver.parse(stored) as HandOver<S>;
}

/** The names of the stages, in order. */
export const stageNames = Object.keys(stages) as readonly Stage[];
