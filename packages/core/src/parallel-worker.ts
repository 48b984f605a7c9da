import { parentPort } from "node:worker_threads";
import { type NearestNeighboursModel, nearestNeighboursScores } from "./baselines.ts";
import type { Matrix } from "./matrix.ts";
import { type BootstrapOptions, bootstrapMetrics, type MetricIntervals, type Ranking } from "./metrics.ts";
import type { Specification } from "./specification/expression.ts";
import {
  type Verification,
  type VerificationModel,
  verifySpecification,
} from "./specification/verification.ts";

export interface BootstrapTask {
  readonly kind: "bootstrap";
  readonly rankings: readonly Ranking[];
  readonly options: BootstrapOptions;
}

/** The model lies in shared memory. */
export interface NearestNeighboursTask {
  readonly kind: "nearest-neighbours";
  readonly model: NearestNeighboursModel;
  readonly embeddings: Matrix;
}

export interface VerificationTask {
  readonly kind: "verification";
  readonly specification: Specification;
  readonly model: VerificationModel;
}

/** Answered when the thread has started. */
export interface StartTask {
  readonly kind: "start";
}

export type ParallelTask = BootstrapTask | NearestNeighboursTask | VerificationTask | StartTask;

interface Answers {
  readonly bootstrap: MetricIntervals[];
  readonly "nearest-neighbours": Float64Array;
  readonly verification: Verification;
  readonly start: undefined;
}

/** What a thread answers to a task. */
export type AnswerTo<Task extends ParallelTask> = Answers[Task["kind"]];

function carryOut(task: ParallelTask): AnswerTo<ParallelTask> | Promise<AnswerTo<ParallelTask>> {
  switch (task.kind) {
    case "bootstrap":
      return bootstrapMetrics(task.rankings, task.options);
    case "nearest-neighbours":
      return nearestNeighboursScores(task.model, task.embeddings);
    case "verification":
      return verifySpecification(task.specification, task.model);
    case "start":
      return undefined;
  }
}

// Answers come in the order of the tasks: of those that take turns on the event loop, too.
let last: Promise<unknown> = Promise.resolve();
parentPort?.on("message", (task: ParallelTask) => {
  last = last.then(async () => parentPort?.postMessage(await carryOut(task)));
});
