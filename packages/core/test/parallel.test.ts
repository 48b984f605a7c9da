import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  bootstrapMetrics,
  fitNearestNeighbours,
  InvalidInputError,
  matrix,
  nearestNeighboursScores,
  random,
  ranking,
} from "../src/index.ts";
import { bootstrapMetricsParallel, nearestNeighboursParallel } from "../src/parallel.ts";

const uniform = random(12);

describe("bootstrapMetricsParallel", () => {
  const defects = Array.from({ length: 1_500 }, () => uniform() < 0.2);
  const rankings = [1, 2, 3].map(() =>
    ranking(
      defects.map(Number).map((defect) => uniform() + defect / 3),
      defects,
    ),
  );

  it("gives the intervals of one thread, large and small, several at a time", async () => {
    for (const replicates of [1_000, 10]) {
      const options = { seed: 5, replicates };
      const expected = bootstrapMetrics(rankings, options);
      const calls = [undefined, 1, 2, 3, 8].map((threads) =>
        bootstrapMetricsParallel(rankings, options, threads),
      );
      expect(await Promise.all(calls)).toEqual(calls.map(() => expected));
    }
    expect(await bootstrapMetricsParallel([], { seed: 1 })).toEqual([]);
  });

  it("refuses what bootstrapMetrics refuses", async () => {
    const failure = bootstrapMetricsParallel(rankings, { seed: 1, confidence: 2 });
    await expect(failure).rejects.toThrow(InvalidInputError);
    await expect(bootstrapMetricsParallel(rankings, { seed: 1 }, 0)).rejects.toThrow("threads");
  });
});

describe("nearestNeighboursParallel", () => {
  it("gives the scores of one thread, and refuses what it refuses", async () => {
    const drawn = (rows: number) =>
      matrix(
        rows,
        8,
        Float32Array.from({ length: rows * 8 }, () => uniform() - 0.5),
      );
    const model = fitNearestNeighbours(drawn(300), 20);
    const asked = Array.from({ length: 9 }, (_, k) => drawn(10 * k + 5));
    async function* batches() {
      yield* asked;
    }
    const expected = asked.flatMap((batch) => Array.from(nearestNeighboursScores(model, batch)));
    expect(Array.from(await nearestNeighboursParallel(model, batches()))).toEqual(expected);
    async function* narrow() {
      yield drawn(100);
      yield matrix(2, 7);
    }
    await expect(nearestNeighboursParallel(model, narrow())).rejects.toThrow(InvalidInputError);
    async function* none() {}
    expect(await nearestNeighboursParallel(model, none())).toEqual(new Float64Array(0));
  });

  it("throws what a thread throws, and goes on with another", async () => {
    const model = fitNearestNeighbours(matrix(2, 2, Float32Array.of(1, 0, 0, 1)), 1);
    async function* batches() {
      for (let k = 0; k < 6; k++) yield matrix(1, 2, Float32Array.of(k === 2 ? 0 : 1, 0));
    }
    await expect(nearestNeighboursParallel(model, batches())).rejects.toThrow("zero vector");
    async function* sound() {
      yield matrix(1, 2, Float32Array.of(0, 1));
    }
    expect(await nearestNeighboursParallel(model, sound())).toEqual(Float64Array.of(0));
  });
});

describe("the main entry", () => {
  it("imports nothing of Node, so that it runs in browsers", () => {
    const source = new URL("../src/", import.meta.url);
    const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith(".ts"),
    );
    const needNode = files.filter((file) =>
      /from "node:|import\("node:/.test(readFileSync(new URL(file, source), "utf8")),
    );
    expect(needNode.sort()).toEqual(["parallel-worker.ts", "parallel.ts", "task-threads.ts"]);
    expect(readFileSync(new URL("index.ts", source), "utf8")).not.toContain("parallel");
  });
});
