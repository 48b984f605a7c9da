import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { conceptRedundancy, conceptVectors, matrix, meanTextEmbedding, prompts, row } from "../src/index.ts";
import { fromRows } from "./golden/read.ts";

describe("prompts", () => {
  it("puts the phrase where {} stands, once a template", () => {
    expect(prompts(" striped tail ", ["a photo of {}", "{}", "a {} thing"])).toEqual([
      "a photo of striped tail",
      "striped tail",
      "a striped tail thing",
    ]);
  });

  it("keeps characters that a replacement string would misread", () => {
    expect(prompts("$& $1", ["a {}"])).toEqual(["a $& $1"]);
  });

  it("refuses what is not exactly one {}", () => {
    expect(() => prompts("a", ["a photo"])).toThrow(/templates\[0\].*exactly one/);
    expect(() => prompts("a", ["{}", "{} {}"])).toThrow(/templates\[1\]/);
    expect(() => prompts("a", [])).toThrow(/templates: is empty/);
    expect(() => prompts("  ", ["{}"])).toThrow(/empty phrase/);
  });
});

describe("conceptVectors", () => {
  it("is the normalised mean of the normalised embeddings", () => {
    const vectors = conceptVectors(
      fromRows([
        [2, 0],
        [0, 5],
        [3, 4],
        [3, 4],
      ]),
      2,
    );
    expect(vectors).toMatchObject({ rows: 2, columns: 2 });
    expect(Array.from(vectors.data)).toEqual([Math.SQRT1_2, Math.SQRT1_2, 0.6, 0.8].map(Math.fround));
  });

  it("has unit length and ignores the length of the embeddings", () => {
    const value = fc.double({ min: -1, max: 1, noNaN: true });
    const vector = fc
      .array(value, { minLength: 3, maxLength: 3 })
      .filter((values) => Math.hypot(...values) > 0.1);
    fc.assert(
      fc.property(vector, fc.double({ min: 0.5, max: 9, noNaN: true }), (values, scale) => {
        const one = row(conceptVectors(fromRows([values]), 1), 0);
        const scaled = row(conceptVectors(fromRows([values.map((v) => v * scale)]), 1), 0);
        expect(Math.hypot(...one)).toBeCloseTo(1, 6);
        one.forEach((v, j) => {
          expect(scaled[j]).toBeCloseTo(v, 5);
        });
      }),
    );
  });

  it("is centred on request", () => {
    const texts = fromRows([
      [1, 0],
      [0, 1],
    ]);
    const centre = meanTextEmbedding(texts);
    expect(centre).toEqual(Float64Array.of(0.5, 0.5));
    const vectors = conceptVectors(texts, 1, { centre });
    expect(vectors.data[0]).toBeCloseTo(Math.SQRT1_2, 6);
    expect(vectors.data[1]).toBeCloseTo(-Math.SQRT1_2, 6);
    expect(() => conceptVectors(texts, 1, { centre: [1] })).toThrow(/centre/);
  });

  it("refuses rows that do not divide, zero vectors and NaN", () => {
    expect(() => conceptVectors(matrix(3, 2), 2)).toThrow(/2 templates do not divide 3/);
    expect(() => conceptVectors(matrix(3, 2), 0)).toThrow(/templates/);
    expect(() =>
      conceptVectors(
        fromRows([
          [1, 0],
          [0, 0],
        ]),
        1,
      ),
    ).toThrow(/row 1: is the zero vector/);
    expect(() =>
      conceptVectors(
        fromRows([
          [1, 0],
          [-1, 0],
        ]),
        2,
      ),
    ).toThrow(/concept 0: is the zero/);
    expect(() => conceptVectors(fromRows([[1, Number.NaN]]), 1)).toThrow(/holds NaN/);
    expect(() => meanTextEmbedding(matrix(1, 2))).toThrow(/row 0/);
  });
});

describe("conceptRedundancy", () => {
  it("is the cosine of each pair", () => {
    const cosines = conceptRedundancy(
      fromRows([
        [1, 0],
        [2, 2],
        [-3, 0],
      ]),
    );
    const expected = [1, Math.SQRT1_2, -1, Math.SQRT1_2, 1, -Math.SQRT1_2, -1, -Math.SQRT1_2, 1];
    expected.forEach((value, i) => {
      expect(cosines.data[i]).toBeCloseTo(value, 6);
    });
    expect(() => conceptRedundancy(matrix(2, 2))).toThrow(/row 0/);
  });
});
