/**
 * Counting, bootstraps, nearest neighbours and verification on other cores, for Node. Kept out of the main entry, which runs in
 * browsers too.
 *
 * @module
 */
import { availableParallelism } from "node:os";
import type { NearestNeighboursModel } from "./baselines.ts";
import { requireBootstrap } from "./bootstrap/requirements.ts";
import { InvalidInputError, requireFinite, requireSize } from "./errors.ts";
import { countHeatmap, type HeatmapCounts, requireCountable } from "./heatmap.ts";
import type { Matrix } from "./matrix.ts";
import { type BootstrapOptions, bootstrapMetrics, type MetricIntervals, type Ranking } from "./metrics.ts";
import { runTask, withThread } from "./task-threads.ts";

export { verifySpecificationOnThread } from "./specification/verification-thread.ts";
export { closeCountingThreads } from "./task-threads.ts";

/** Fewer comparisons than this are counted at once: handing them over would take longer. */
const SMALL_WORK = 1 << 27;
/** Likewise for the inputs that a bootstrap sweeps: some 10 ms. */
const SMALL_SWEEPS = 1 << 22;

/**
 * `countHeatmap` on worker threads over shared memory: the same counts, without holding up the event loop.
 * Work of under 2^27 comparisons (inputs × C²) is done at once on the calling thread.
 *
 * Strengths in a SharedArrayBuffer are read in place; others are copied into one. The threads stay for the
 * next call and do not keep the process alive.
 *
 * @param threads whole number >= 1; default: the machine's cores
 */
export async function countHeatmapParallel(
  strengths: Matrix,
  rows?: ArrayLike<number>,
  threads = availableParallelism(),
): Promise<HeatmapCounts> {
  requireThreads(threads);
  const concepts = strengths.columns;
  const inputs = rows?.length ?? strengths.rows;
  if (inputs * concepts * concepts < SMALL_WORK || concepts > 4096) return countHeatmap(strengths, rows);
  const chosen = new Uint32Array(new SharedArrayBuffer(4 * inputs));
  for (let k = 0; k < inputs; k++) chosen[k] = rows ? rows[k] : k;
  requireCountable(strengths, rows ?? chosen);
  const shared = shareable(strengths.data);
  const parts = await Promise.all(
    sharesOf(inputs, threads).map(async ([from, to]) => {
      const counts = new Uint32Array(new SharedArrayBuffer(4 * concepts * concepts));
      await runTask({
        kind: "pair-counts",
        concepts,
        strengths: shared,
        rows: chosen.subarray(from, to),
        counts,
      });
      return counts;
    }),
  );
  const counts = new Uint32Array(concepts * concepts);
  for (const part of parts) for (let cell = 0; cell < counts.length; cell++) counts[cell] += part[cell];
  return { concepts, inputs, counts };
}

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
  return ((await Promise.all(parts)) as MetricIntervals[][]).flat();
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
  const embeddings = new Float64Array(new SharedArrayBuffer(model.embeddings.byteLength));
  embeddings.set(model.embeddings);
  const shared = { ...model, embeddings };
  return withThread(async (thread) => {
    const answers: Promise<unknown>[] = [];
    for await (const batch of batches) {
      requireSize("embeddings", batch.columns, model.width, "columns");
      requireFinite("embeddings", batch.data, batch.columns);
      await answers.at(-BATCHES_AHEAD);
      const answer = thread.run({ kind: "nearest-neighbours", model: shared, embeddings: batch });
      // A failure is thrown where it is awaited.
      answer.catch(() => undefined);
      answers.push(answer);
    }
    return joined((await Promise.all(answers)) as Float64Array[]);
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

function shareable(values: Float32Array): Float32Array {
  if (values.buffer instanceof SharedArrayBuffer) return values;
  const shared = new Float32Array(new SharedArrayBuffer(values.byteLength));
  shared.set(values);
  return shared;
}
