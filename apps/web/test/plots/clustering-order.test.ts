import { describe, expect, test } from "vitest";
import {
  alphabeticalOrder,
  clusteringOrder,
  columnClusteringOrder,
} from "../../src/plots/clustering-order.ts";

describe("clusteringOrder", () => {
  test("puts rows of one kind side by side, whatever their first order", () => {
    const low = [0.1, 0.1, 0.9];
    const high = [0.9, 0.8, 0.1];
    const rows = [low, high, low.map((v) => v + 0.01), high.map((v) => v - 0.01), low.map((v) => v - 0.01)];
    const order = clusteringOrder(rows.flat(), rows.length, 3);
    expect(order.toSorted()).toEqual([0, 1, 2, 3, 4]);
    const kinds = order.map((row) => row % 2);
    expect(kinds.filter((kind, i) => i > 0 && kind !== kinds[i - 1])).toHaveLength(1);
  });

  test("recovers a line of points: neighbours stay neighbours", () => {
    const shuffled = [3, 0, 4, 1, 5, 2];
    const order = clusteringOrder(shuffled, shuffled.length, 1).map((row) => shuffled[row]);
    expect([order, order.toReversed()]).toContainEqual([0, 1, 2, 3, 4, 5]);
  });

  test("takes a null for the middle and refuses a wrong size", () => {
    expect(clusteringOrder([null, 0.5, 0, 0.5], 4, 1)).toHaveLength(4);
    expect(() => clusteringOrder([1, 2, 3], 2, 2)).toThrow(/3 cells, expected 2 × 2/);
  });

  test("orders columns as rows of the transposed matrix", () => {
    const values = [0, 1, 0, 1, 0, 1, 0, 1];
    const order = columnClusteringOrder(values, 2, 4);
    const kinds = order.map((column) => values[column]);
    expect([
      [0, 0, 1, 1],
      [1, 1, 0, 0],
    ]).toContainEqual(kinds);
  });

  test("500 rows of 100 values within the time of a click", () => {
    const values = Array.from({ length: 50_000 }, (_, i) => (Math.sin(i * 12.9898) * 43758.5453) % 1);
    clusteringOrder(values, 500, 100);
    const start = performance.now();
    expect(clusteringOrder(values, 500, 100)).toHaveLength(500);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

test("alphabeticalOrder counts numbers by value", () => {
  const labels = ["class 10", "Ärmel", "class 9", "arm"];
  expect(alphabeticalOrder(labels).map((i) => labels[i])).toEqual(["arm", "Ärmel", "class 9", "class 10"]);
});
