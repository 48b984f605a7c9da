// Pair counting, the single-input check and their memory, side by side with NumPy. `npm run bench core`.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  calibrateDetector,
  type Detector,
  emptyVerdict,
  heatmapMeans,
  matrix,
  random,
} from "@faultline/core";
import { inferenceSeconds } from "./model-inference.ts";
import { type BenchRow, lessIsBetter, report } from "./report.ts";

const PYTHON = process.env.PYTHON ?? "/usr/bin/python3";
const directory = mkdtempSync(join(tmpdir(), "faultline-bench-"));
const path = (name: string) => join(directory, name);
const here = (name: string) => join(import.meta.dirname, name);
const rows: BenchRow[] = [];
let numpy = "";

interface Timing {
  readonly seconds: number;
  readonly peakMiB: number;
  readonly method?: string;
  readonly numpy?: string;
}

function run(command: string, args: string[]): Timing & { readonly scores?: number[] } {
  return JSON.parse(execFileSync(command, args, { encoding: "utf8", maxBuffer: 1 << 28 }));
}

const source = ["--conditions=faultline-source", "--import", "tsx"];

function pairCounting(inputs: number, concepts: number): void {
  const uniform = random(1);
  const strengths = Float32Array.from({ length: inputs * concepts }, () => uniform() - 0.5);
  writeFileSync(path("strengths"), strengths);
  const size = [path("strengths"), String(inputs), String(concepts)];
  const peer = run(PYTHON, [here("python/pair_counting.py"), ...size, path("peer")]);
  const ours = run(process.execPath, [...source, here("pair-counting.ts"), ...size, path("ours")]);
  const label = `pair counting N=${inputs} C=${concepts}, 1 thread`;
  if (!readFileSync(path("ours")).equals(readFileSync(path("peer"))))
    throw new Error(`${label}: the counts differ from NumPy's`);
  numpy = peer.numpy ?? "";
  const time = { name: "NumPy, 1 thread", value: peer.seconds };
  rows.push(lessIsBetter(label, ours.seconds, time, "s", `counts identical; NumPy: ${peer.method}`));
  const memory = { name: "NumPy, 1 thread, whole process", value: peer.peakMiB };
  rows.push(lessIsBetter(`${label}, peak memory`, ours.peakMiB, memory, "MiB"));
}

function syntheticDetector(concepts: number): Detector {
  const uniform = random(2);
  const inputs = 400;
  const strengths = matrix(inputs, concepts);
  const labels = new Uint8Array(inputs);
  const predictions = new Uint8Array(inputs);
  for (let row = 0; row < inputs; row++) {
    labels[row] = row % 2;
    predictions[row] = uniform() < 0.3 ? 1 - labels[row] : labels[row];
    for (let c = 0; c < concepts; c++)
      strengths.data[row * concepts + c] = uniform() + (c % 2 === labels[row] ? 0.2 : 0);
  }
  return calibrateDetector({
    strengths,
    labels,
    predictions,
    concepts: Array.from({ length: concepts }, (_, c) => `concept ${c}`),
    classes: ["a", "b"],
  });
}

function singleInputCheck(concepts: number): number {
  const detector = syntheticDetector(concepts);
  const uniform = random(3);
  const inputs = 200;
  const strengths = Float32Array.from({ length: inputs * concepts }, () => uniform());
  const { correct, incorrect } = detector.model.references[0];
  writeFileSync(path("correct"), heatmapMeans(correct));
  writeFileSync(path("incorrect"), heatmapMeans(incorrect));
  writeFileSync(path("inputs"), strengths);
  const files = [path("correct"), path("incorrect"), path("inputs")];
  const peer = run(PYTHON, [here("python/single_input_check.py"), ...files, String(concepts)]);

  const views = Array.from({ length: inputs }, (_, k) =>
    strengths.subarray(k * concepts, (k + 1) * concepts),
  );
  const verdict = emptyVerdict();
  for (let k = 0; k < inputs; k++) {
    const difference = Math.abs(
      detector.checkStrengths(views[k], 0, verdict).score - (peer.scores?.[k] ?? Number.NaN),
    );
    if (!(difference < 1e-12))
      throw new Error(`single-input check C=${concepts}: scores differ by ${difference}`);
  }
  let seconds = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 30; round++) {
    const start = performance.now();
    for (const view of views) detector.checkStrengths(view, 0, verdict);
    seconds = Math.min(seconds, (performance.now() - start) / 1000 / inputs);
  }
  const other = { name: "NumPy, score only", value: peer.seconds * 1e6 };
  const note = `scores agree within 1e-12; NumPy: ${peer.method}`;
  rows.push(lessIsBetter(`single-input check C=${concepts}`, seconds * 1e6, other, "µs", note));
  return seconds;
}

try {
  pairCounting(20_000, 256);
  pairCounting(5_000, 1_024);
  singleInputCheck(32);
  const seconds = singleInputCheck(128);
  singleInputCheck(512);
  const model = await inferenceSeconds();
  if (model) {
    const peer = { name: `${model.name}, one image`, value: model.seconds * 1e6 };
    const share = ((100 * seconds) / model.seconds).toFixed(2);
    const note = `the check adds ${share} % to the model's own inference time`;
    rows.push(lessIsBetter("single-input check C=128 beside inference", seconds * 1e6, peer, "µs", note));
  }
} finally {
  rmSync(directory, { recursive: true });
}
report("core", rows, { numpy });
