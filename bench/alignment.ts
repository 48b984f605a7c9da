// The alignment fit, side by side with numpy.linalg.lstsq on the same numbers. `npm run bench alignment`.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { random } from "@faultline/core";
import { type BenchRow, lessIsBetter, report } from "./report.ts";

const PYTHON = process.env.PYTHON ?? "/usr/bin/python3";
const INPUTS = 20_000;
const WIDTH = 512;
const directory = mkdtempSync(join(tmpdir(), "faultline-bench-"));
const path = (name: string) => join(directory, name);
const here = (name: string) => join(import.meta.dirname, name);

/** Embeddings with a mean and neighbouring dimensions that correlate; targets that depend on them, with noise. */
function writeData(): void {
  const uniform = random(4);
  const x = new Float32Array(INPUTS * WIDTH);
  const y = new Float32Array(INPUTS * WIDTH);
  for (let i = 0; i < INPUTS; i++) {
    const at = i * WIDTH;
    let held = 0;
    for (let j = 0; j < WIDTH; j++) {
      held = 0.7 * held + uniform() - 0.5;
      x[at + j] = 0.3 + held;
    }
    for (let j = 0; j < WIDTH; j++)
      y[at + j] = 0.1 + 0.5 * x[at + j] - 0.2 * x[at + ((7 * j + 3) % WIDTH)] + 0.1 * (uniform() - 0.5);
  }
  writeFileSync(path("x"), x);
  writeFileSync(path("y"), y);
}

function run<T>(command: string, args: string[], environment: Record<string, string> = {}): T {
  const env = { ...process.env, ...environment };
  return JSON.parse(execFileSync(command, args, { encoding: "utf8", env })) as T;
}

interface Timing {
  readonly seconds: number;
  readonly peakMiB: number;
}

interface NumpyTiming {
  readonly float64: number;
  readonly float32: number;
  readonly normalEquations: number;
  readonly peakMiB: number;
  readonly numpy: string;
}

function doubles(name: string): Float64Array {
  const file = readFileSync(path(name));
  return new Float64Array(file.buffer, file.byteOffset, file.byteLength / 8);
}

/** Largest difference of a weight from NumPy's, against NumPy's largest weight. */
function largestDifference(): number {
  const [ours, peer] = [doubles("ours"), doubles("peer")];
  const scale = peer.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return ours.reduce((most, value, i) => Math.max(most, Math.abs(value - peer[i])), 0) / scale;
}

const cores = availableParallelism();
const ROUNDS = 3;

/** Turn and turn about, so that a busy moment of the machine hits both; the fastest of each counts. */
function fastest<T>(measure: () => T, seconds: (timing: T) => number, before: T | undefined): T {
  const timing = measure();
  return before && seconds(before) <= seconds(timing) ? before : timing;
}

try {
  writeData();
  const files = [path("x"), path("y"), String(INPUTS), String(WIDTH)];
  const numpy = (threads: number) => {
    const limit = { OPENBLAS_NUM_THREADS: String(threads), OMP_NUM_THREADS: String(threads) };
    return run<NumpyTiming>(PYTHON, [here("python/alignment.py"), ...files, path("peer")], limit);
  };
  const faultline = (threads: number) => {
    const source = ["--conditions=faultline-source", "--import", "tsx", here("alignment-fit.ts")];
    return run<Timing>(process.execPath, [...source, ...files, String(threads), path("ours")]);
  };
  let [peerOne, peerAll]: (NumpyTiming | undefined)[] = [];
  let [oursOne, oursAll]: (Timing | undefined)[] = [];
  let difference = 0;
  for (let round = 0; round < ROUNDS; round++) {
    oursOne = fastest(
      () => faultline(1),
      (timing) => timing.seconds,
      oursOne,
    );
    peerOne = fastest(
      () => numpy(1),
      (timing) => timing.float64,
      peerOne,
    );
    difference = Math.max(difference, largestDifference());
    oursAll = fastest(
      () => faultline(cores),
      (timing) => timing.seconds,
      oursAll,
    );
    peerAll = fastest(
      () => numpy(cores),
      (timing) => timing.float64,
      peerAll,
    );
    difference = Math.max(difference, largestDifference());
  }
  if (!oursOne || !oursAll || !peerOne || !peerAll) throw new Error("nothing was measured");
  if (!(difference < 1e-9)) throw new Error(`alignment fit: weights differ from NumPy's by ${difference}`);

  const name = `alignment fit N=${INPUTS} d=m=${WIDTH}`;
  const row = (suffix: string, ours: Timing, peerName: string, value: number, note?: string): BenchRow =>
    lessIsBetter(name + suffix, ours.seconds, { name: peerName, value }, "s", note);
  report(
    "alignment",
    [
      row(
        ", 1 thread",
        oursOne,
        "numpy.linalg.lstsq float64, 1 thread",
        peerOne.float64,
        "ours: float64, streamed in batches of 512, with rank and condition number; weights agree within " +
          `${difference.toExponential(1)} of the largest; the fastest of ${ROUNDS} alternating processes`,
      ),
      row(`, ${cores} threads`, oursAll, `numpy.linalg.lstsq float64, ${cores} threads`, peerAll.float64),
      row(" beside float32, 1 thread", oursOne, "numpy.linalg.lstsq float32, 1 thread", peerOne.float32),
      row(
        " beside normal equations, 1 thread",
        oursOne,
        "numpy.linalg.solve of the normal equations, float64, 1 thread",
        peerOne.normalEquations,
        "the same algorithm without rank and condition number, in the machine's own wide vectors (WebAssembly has 128 bits)",
      ),
      lessIsBetter(
        `${name}, peak memory`,
        oursOne.peakMiB,
        { name: "numpy.linalg.lstsq float64, whole process", value: peerOne.peakMiB },
        "MiB",
        "both processes hold the 82 MB of inputs",
      ),
    ],
    { numpy: peerAll.numpy },
  );
} finally {
  rmSync(directory, { recursive: true });
}
