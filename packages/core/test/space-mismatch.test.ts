import { describe, expect, it } from "vitest";
import {
  checkSharedSpace,
  InvalidInputError,
  type Matrix,
  matrix,
  random,
  requireSharedSpace,
  selectRows,
} from "../src/index.ts";
import { clipDataIsHere, readClipData } from "./clip-data.ts";

/** Concepts as random directions; images and texts are these plus noise, about means of their own. */
function world(rows: number, seed: number, offset: number): Matrix {
  const uniform = random(seed);
  const directions = random(99);
  const concepts = Float32Array.from({ length: 6 * 48 }, () => directions() - 0.5);
  const made = matrix(rows, 48);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < 48; j++)
      made.data[i * 48 + j] = concepts[(i % 6) * 48 + j] + 0.3 * (uniform() - 0.5) + offset;
  return made;
}
const reversed = (m: Matrix): Matrix => ({
  ...m,
  data: m.data.map((_, at) => m.data[at - (at % 48) + 47 - (at % 48)]),
});

describe("checkSharedSpace", () => {
  it("accepts one space, whether or not the means agree, and refuses another", () => {
    const images = world(60, 1, 0);
    expect(checkSharedSpace(images, world(12, 2, 0), { seed: 1 }).mismatched).toBe(false);
    const gap = checkSharedSpace(world(60, 1, 0.2), world(12, 2, -0.2), { seed: 1 });
    expect(gap.meanCosine).toBeLessThan(0);
    expect(gap.mismatched).toBe(false);
    expect(checkSharedSpace(images, reversed(world(12, 2, 0)), { seed: 1 }).mismatched).toBe(true);
  });

  it("accepts an unrelated space about as rarely as it says", () => {
    let accepted = 0;
    for (let seed = 0; seed < 200; seed++) {
      const uniform = random(1000 + seed);
      const noise = (rows: number) =>
        matrix(
          rows,
          16,
          Float32Array.from({ length: rows * 16 }, () => uniform() - 0.5),
        );
      const check = checkSharedSpace(noise(20), noise(5), { seed, permutations: 99, level: 0.1 });
      if (!check.mismatched) accepted++;
    }
    // 200 draws at 10 %: 5 standard deviations over.
    expect(accepted).toBeLessThan(20 + 5 * Math.sqrt(200 * 0.1 * 0.9));
  });

  it("uses labels where they are known", () => {
    const images = world(60, 1, 0);
    const labels = Array.from({ length: 60 }, (_, i) => i % 6);
    const right = checkSharedSpace(images, world(12, 2, 0), {
      seed: 1,
      labelled: { labels, classVectors: world(6, 3, 0) },
    });
    expect(right.zeroShot).toEqual({ accuracy: 1, pValue: 1 / 500 });
    const wrong = checkSharedSpace(images, reversed(world(12, 2, 0)), {
      seed: 1,
      labelled: { labels, classVectors: reversed(world(6, 3, 0)) },
    });
    expect(wrong.mismatched).toBe(true);
    expect(() => requireSharedSpace(wrong)).toThrow(/zero-shot accuracy 0\.\d+.*one and the same VLM/);
    expect(() => requireSharedSpace(right)).not.toThrow();
  });

  it("is the same for the same seed", () => {
    const [images, texts] = [world(20, 1, 0), reversed(world(5, 2, 0))];
    expect(checkSharedSpace(images, texts, { seed: 4 })).toEqual(
      checkSharedSpace(images, texts, { seed: 4 }),
    );
  });

  it("refuses what it cannot judge", () => {
    const images = world(5, 1, 0);
    const check =
      (i: Matrix, t: Matrix, options = {}) =>
      () =>
        checkSharedSpace(i, t, { seed: 1, ...options });
    expect(check(images, matrix(2, 47))).toThrow(/texts: has 47 columns/);
    expect(check(selectRows(images, [0]), images)).toThrow(/images: has 1 rows/);
    expect(check(images, matrix(0, 48))).toThrow(/texts: is empty/);
    expect(check(images, matrix(1, 48))).toThrow(InvalidInputError);
    expect(check(images, images, { permutations: 0 })).toThrow(/permutations/);
    expect(check(images, images, { level: 1 })).toThrow(/level/);
  });
});

describe.skipIf(!clipDataIsHere)("on real CLIP", () => {
  it("accepts ViT-B/32 texts and refuses the texts of ViT-B/16", () => {
    const { images, wordTexts, classTexts, otherTexts, labels } = readClipData();
    for (const texts of [wordTexts, classTexts]) {
      const check = checkSharedSpace(images, texts, { seed: 20250317 });
      expect(check.mismatched).toBe(false);
      expect(check.meanCosine).toBeGreaterThan(0.19);
    }
    expect(checkSharedSpace(images, otherTexts, { seed: 20250317 }).mismatched).toBe(true);
    const uniform = random(3);
    for (let draw = 0; draw < 10; draw++) {
      const some = selectRows(
        otherTexts,
        Array.from({ length: 10 }, () => Math.floor(uniform() * 1000)),
      );
      const labelled = { labels, classVectors: some };
      const check = checkSharedSpace(images, some, { seed: draw, labelled });
      expect(check.mismatched).toBe(true);
    }
  });
});
