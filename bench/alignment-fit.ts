// A process of its own, so that its peak memory is its own:
//   alignment-fit.ts X Y INPUTS WIDTH THREADS WEIGHTS
// fits the alignment from batches of 512, writes weights and bias, prints {seconds, peakMiB}. With several threads
// each gathers the normal equations of its share of the inputs, as workers do with shards, and the sums are merged.
import { readFileSync, writeFileSync } from "node:fs";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { AlignmentAccumulator, fitAlignment, type Matrix, mergeAlignmentAccumulators } from "@faultline/core";

interface Share {
  readonly x: Matrix;
  readonly y: Matrix;
  readonly from: number;
  readonly to: number;
}

function gather({ x, y, from, to }: Share): AlignmentAccumulator {
  const accumulator = new AlignmentAccumulator(x.columns, y.columns);
  for (let start = from; start < to; start += 512) {
    const rows = Math.min(512, to - start);
    const batch = (m: Matrix): Matrix => ({
      rows,
      columns: m.columns,
      data: m.data.subarray(start * m.columns, (start + rows) * m.columns),
    });
    accumulator.add(batch(x), batch(y));
  }
  return accumulator;
}

function read(path: string, rows: number, columns: number): Matrix {
  const file = readFileSync(path);
  const data = new Float32Array(new SharedArrayBuffer(file.byteLength));
  data.set(new Float32Array(file.buffer, file.byteOffset, file.byteLength / 4));
  return { rows, columns, data };
}

/** A thread of this same file; Node 20 does not load TypeScript in threads by itself. */
function startWorker(share: Share): Worker {
  const file = JSON.stringify(import.meta.url);
  const loader = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  return new Worker(`import(${loader}).then(({ tsImport }) => tsImport(${file}, ${file}))`, {
    eval: true,
    execArgv: ["--conditions=faultline-source"],
    workerData: share,
  });
}

async function main([xFile, yFile, inputs, width, threads, weightsFile]: string[]): Promise<void> {
  const [x, y] = [xFile, yFile].map((file) => read(file, Number(inputs), Number(width)));
  const edges = Array.from({ length: Number(threads) + 1 }, (_, t) =>
    Math.round((t * x.rows) / Number(threads)),
  );
  const shares = edges.slice(1).map((to, t): Share => ({ x, y, from: edges[t], to }));
  const workers = shares.slice(1).map(startWorker);
  const answers = () =>
    workers.map(
      (worker) =>
        new Promise<AlignmentAccumulator>((resolve, reject) => {
          worker.once("message", (bytes: Uint8Array) => resolve(AlignmentAccumulator.decode(bytes)));
          worker.once("error", reject);
          worker.postMessage("gather");
        }),
    );
  let seconds = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round++) {
    const start = performance.now();
    const others = answers();
    const shards = [gather(shares[0]), ...(await Promise.all(others))];
    const { weights, bias } = fitAlignment(mergeAlignmentAccumulators(shards), { lambda: 0 });
    seconds = Math.min(seconds, (performance.now() - start) / 1000);
    const all = new Float64Array(weights.length + bias.length);
    all.set(weights);
    all.set(bias, weights.length);
    writeFileSync(weightsFile, all);
  }
  await Promise.all(workers.map((worker) => worker.terminate()));
  console.log(JSON.stringify({ seconds, peakMiB: process.resourceUsage().maxRSS / 1024 }));
}

if (isMainThread) await main(process.argv.slice(2));
else
  parentPort?.on("message", () => {
    parentPort?.postMessage(gather(workerData as Share).encode());
  });
