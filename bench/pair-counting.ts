// A process of its own, so that its peak memory is its own:
//   pair-counting.ts STRENGTHS INPUTS CONCEPTS COUNTS
// reads float32 strengths, counts all pairs ten times, writes the counts, prints {seconds, peakMiB}.
import { readFileSync, writeFileSync } from "node:fs";
import { countHeatmap, type HeatmapCounts, matrix } from "@faultline/core";

const [strengthsFile, inputs, concepts, countsFile] = process.argv.slice(2);
const file = readFileSync(strengthsFile);
const data = new Float32Array(file.buffer, file.byteOffset, file.byteLength / 4);
const strengths = matrix(Number(inputs), Number(concepts), data);

let seconds = Number.POSITIVE_INFINITY;
let heatmap: HeatmapCounts | undefined;
for (let round = 0; round < 10; round++) {
  const start = performance.now();
  heatmap = countHeatmap(strengths);
  seconds = Math.min(seconds, (performance.now() - start) / 1000);
}
if (heatmap) writeFileSync(countsFile, heatmap.counts);
console.log(JSON.stringify({ seconds, peakMiB: process.resourceUsage().maxRSS / 1024 }));
