// A process of its own, so that its peak memory is its own:
//   pair-counting.ts STRENGTHS INPUTS CONCEPTS THREADS COUNTS
// reads float32 strengths, counts all pairs ten times, writes the counts, prints {seconds, peakMiB}.
import { readFileSync, writeFileSync } from "node:fs";
import { countHeatmap, type HeatmapCounts } from "@faultline/core";
import { closeCountingThreads, countHeatmapParallel } from "@faultline/core/parallel";

const [strengthsFile, inputs, concepts, threads, countsFile] = process.argv.slice(2);
const file = readFileSync(strengthsFile);
const data = new Float32Array(new SharedArrayBuffer(file.byteLength));
data.set(new Float32Array(file.buffer, file.byteOffset, file.byteLength / 4));
const strengths = { rows: Number(inputs), columns: Number(concepts), data };

let seconds = Number.POSITIVE_INFINITY;
let heatmap: HeatmapCounts | undefined;
for (let round = 0; round < 10; round++) {
  const start = performance.now();
  heatmap =
    threads === "1"
      ? countHeatmap(strengths)
      : await countHeatmapParallel(strengths, undefined, Number(threads));
  seconds = Math.min(seconds, (performance.now() - start) / 1000);
}
await closeCountingThreads();
if (heatmap) writeFileSync(countsFile, heatmap.counts);
console.log(JSON.stringify({ seconds, peakMiB: process.resourceUsage().maxRSS / 1024 }));
