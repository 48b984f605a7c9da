import { describe, expect, it } from "vitest";
import { conceptVectors, matrix, random, row, selectRows, strengths } from "../src/index.ts";
import { fromRows } from "./golden/read.ts";

describe("strengths", () => {
  it("are cosines", () => {
    const s = strengths(
      fromRows([
        [3, 4],
        [-1, 0],
      ]),
      fromRows([
        [1, 0],
        [0, 2],
        [1, 1],
      ]),
    );
    const expected = [0.6, 0.8, 7 / 5 / Math.SQRT2, -1, 0, -Math.SQRT1_2];
    expect(s).toMatchObject({ rows: 2, columns: 3 });
    expected.forEach((value, i) => {
      expect(s.data[i]).toBeCloseTo(value, 6);
    });
  });

  it("never leave [-1, 1], and are the same bits alone and in a batch", () => {
    const uniform = random(8);
    const values = (n: number) =>
      matrix(
        n,
        33,
        Float32Array.from({ length: n * 33 }, () => uniform() - 0.5),
      );
    const embeddings = values(60);
    const concepts = conceptVectors(embeddings, 1);
    const batch = strengths(embeddings, concepts);
    for (let i = 0; i < 60; i++) {
      expect(row(batch, i)[i]).toBeCloseTo(1, 6);
      expect(strengths(selectRows(embeddings, [i]), concepts).data).toEqual(row(batch, i));
    }
    expect(Math.max(...batch.data)).toBeLessThanOrEqual(1);
  });

  it("refuse zero vectors, NaN and other widths, naming the input", () => {
    const concepts = fromRows([[1, 0]]);
    expect(() => strengths(matrix(2, 2), concepts)).toThrow(/embeddings, input 0.*zero vector/);
    expect(() =>
      strengths(
        fromRows([
          [1, 1],
          [Number.NaN, 0],
        ]),
        concepts,
      ),
    ).toThrow(/embeddings, input 1/);
    expect(() => strengths(fromRows([[1, 1]]), matrix(1, 2))).toThrow(/concepts, concept 0/);
    expect(() => strengths(fromRows([[1, 1, 1]]), concepts)).toThrow(/concepts: has 2 columns/);
  });
});
