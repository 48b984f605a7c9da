import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { random } from "../../../src/index.ts";
import { TrueCellSums } from "../../../src/wasm/predicates/true-cell-sums.ts";
import { sumTrueCellsReference } from "../../../src/wasm/predicates/true-cell-sums-reference.ts";

function randomWeights(concepts: number, seed: number): Float64Array {
  const uniform = random(seed);
  return Float64Array.from({ length: 2 * concepts * concepts }, () => uniform() - 0.5);
}

describe("sums over true cells", () => {
  it("are those of the definition", () => {
    const concepts = 4;
    const weights = randomWeights(concepts, 1);
    const strengths = Float32Array.of(0.5, -0, 0, 0.7);
    const sums = new Float64Array(8);
    // 3 beats all, 0 beats 1 and 2, which are equal.
    expect(sumTrueCellsReference(strengths, weights, sums)).toBe(5);
    const at = (i: number, j: number, k: number) => weights[2 * (i * concepts + j) + k];
    for (const k of [0, 1]) {
      expect(sums[k]).toBeCloseTo(at(3, 0, k) + at(0, 1, k) + at(0, 2, k), 15);
      expect(sums[2 + k]).toBeCloseTo(at(3, 1, k) + at(0, 1, k), 15);
      expect(sums[4 + k]).toBeCloseTo(at(3, 2, k) + at(0, 2, k), 15);
      expect(sums[6 + k]).toBeCloseTo(at(3, 0, k) + at(3, 1, k) + at(3, 2, k), 15);
    }
  });

  it("come out the same to the bit in WebAssembly, with ties and several classes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(0, -0, 1, Number.POSITIVE_INFINITY), fc.float({ noNaN: true })), {
          minLength: 2,
          maxLength: 70,
        }),
        fc.nat(),
        (values, seed) => {
          const strengths = Float32Array.from(values);
          const concepts = strengths.length;
          const kernel = new TrueCellSums(concepts);
          const plain = new TrueCellSums(concepts, null);
          const expected = new Float64Array(2 * concepts);
          for (const slot of [0, 1, 2]) {
            kernel.hold(slot, randomWeights(concepts, seed + slot));
            plain.hold(slot, randomWeights(concepts, seed + slot));
          }
          for (const slot of [2, 0, 1]) {
            const trueCells = sumTrueCellsReference(
              strengths,
              randomWeights(concepts, seed + slot),
              expected,
            );
            for (const implementation of [kernel, plain]) {
              expect(implementation.sum(strengths, slot)).toBe(trueCells);
              expect(
                Buffer.from(implementation.sums.slice().buffer).equals(Buffer.from(expected.buffer)),
              ).toBe(true);
            }
          }
        },
      ),
    );
  });
});
