/**
 * Bootstraps, nearest neighbours and verification on other cores, for Node. Kept out of the main entry, which runs in
 * browsers too.
 *
 * @module
 */
import { availableParallelism } from "node:os";
import type { NearestNeighboursModel } from "./baselines.ts";
import { InvalidInputError, requireFinite, requireSize } from "./errors.ts";
import type { Matrix } from "./matrix.ts";
import { type BootstrapOptions, bootstrapMetrics, type MetricIntervals, type Ranking } from "./metrics.ts";
import { runTask, withThread } from "./task-threads.ts";
import { requireBootstrap } from "./wasm/bootstrap/requirements.ts";

export { verifySpecificationOnThread } from "./specification/verification-thread.ts";

/** A bootstrap that sweeps fewer inputs, some 10 ms, is done at once: handing it over would take longer. */
const SMALL_SWEEPS = 1 << 22;

/**
 * `bootstrapMetrics` on worker threads, each with some of the rankings: the same intervals, while the calling thread
 * does something else. Work of under 2^22 inputs (inputs × rankings × replicates) is done at once on the calling
 * thread.
 *
 * @param threads whole number >= 1; default: the machine's cores
 */
export async function bootstrapMetricsParallel(
  rankings: readonly Ranking[],
  options: BootstrapOptions,
  threads = availableParallelism(),
): Promise<MetricIntervals[]> {
  requireThreads(threads);
  requireBootstrap(rankings, options);
  const inputs = rankings.length > 0 ? rankings[0].order.length : 0;
  if (inputs * rankings.length * (options.replicates ?? 1000) < SMALL_SWEEPS)
    return bootstrapMetrics(rankings, options);
  const parts = sharesOf(rankings.length, Math.min(threads, rankings.length)).map(([from, to]) =>
    // Every thread draws the same replicates, which takes as long as sweeping three rankings.
    runTask({ kind: "bootstrap", rankings: rankings.slice(from, to), options }),
  );
  return (await Promise.all(parts)).flat();
}

/** Batches that a thread has at once: enough to go on while the calling thread is busy. */
const BATCHES_AHEAD = 4;

/**
 * `nearestNeighboursScores` of a model on a worker thread, of all batches one after another: the same scores, while
 * the calling thread reads the batches that follow or does something else.
 */
export function nearestNeighboursParallel(
  model: NearestNeighboursModel,
  batches: AsyncIterable<Matrix>,
): Promise<Float64Array> {
  const { embeddings, k } = model;
  const data = new Float64Array(new SharedArrayBuffer(embeddings.data.byteLength));
  data.set(embeddings.data);
  const shared = { embeddings: { ...embeddings, data }, k };
  return withThread(async (thread) => {
    const answers: Promise<Float64Array>[] = [];
    for await (const batch of batches) {
      requireSize("embeddings", batch.columns, embeddings.columns, "columns");
      requireFinite("embeddings", batch.data, batch.columns);
      await answers.at(-BATCHES_AHEAD);
      const answer = thread.run({ kind: "nearest-neighbours", model: shared, embeddings: batch });
      // A failure is thrown where it is awaited.
      answer.catch(() => undefined);
      answers.push(answer);
    }
    return joined(await Promise.all(answers));
  });
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function requireThreads(threads: number): void {
  if (!Number.isInteger(threads) || threads < 1)
    throw new InvalidInputError("threads", `is ${threads}`, "Use a whole number >= 1.");
}

/** Bounds [from, to) of each thread's share of `count` things. */
function sharesOf(count: number, threads: number): [number, number][] {
  return Array.from({ length: threads }, (_, part) => [
    Math.floor((count * part) / threads),
    Math.floor((count * (part + 1)) / threads),
  ]);
}
