import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConceptFidelityAccumulator, conceptFidelity, matrix, selectRows } from "../src/index.ts";
import { fromRows } from "./golden/read.ts";

/** numpy.corrcoef([1, 2, 4, 8], [1, 3, 2, 5])[0, 1] and of [.9, .1, .3, .3] with [1, 3, 2, 5]. */
const aligned = fromRows([
  [1, 0.9, 7],
  [2, 0.1, 7],
  [4, 0.3, 7],
  [8, 0.3, 7],
]);
const vlm = fromRows([
  [1, 1, 1],
  [3, 3, 2],
  [2, 2, 3],
  [5, 5, 4],
]);

describe("conceptFidelity", () => {
  it("is Pearson's correlation, NaN for a strength that never varies", () => {
    const fidelity = conceptFidelity(aligned, vlm);
    expect(fidelity[0]).toBeCloseTo(0.866_921_446_863, 12);
    expect(fidelity[1]).toBeCloseTo(-0.619_779_778_405, 12);
    expect(fidelity[2]).toBeNaN();
  });

  it("is the same over shards, sent as bytes or not", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 }), (cut) => {
        const shard = (rows: number[]) =>
          new ConceptFidelityAccumulator(3).add(selectRows(aligned, rows), selectRows(vlm, rows));
        const rows = [0, 1, 2, 3];
        const sent = ConceptFidelityAccumulator.decode(shard(rows.slice(cut)).encode());
        const merged = shard(rows.slice(0, cut)).merge(sent);
        expect(merged.inputs).toBe(4);
        const whole = conceptFidelity(aligned, vlm);
        expect(merged.fidelity()[0]).toBeCloseTo(whole[0], 12);
        expect(merged.fidelity()[1]).toBeCloseTo(whole[1], 12);
      }),
    );
  });

  it("refuses other shapes", () => {
    const accumulator = new ConceptFidelityAccumulator(3);
    expect(() => accumulator.add(matrix(1, 2), matrix(1, 3))).toThrow(/aligned: has 2/);
    expect(() => accumulator.add(matrix(1, 3), matrix(1, 2))).toThrow(/vlm: has 2/);
    expect(() => accumulator.add(matrix(2, 3), matrix(1, 3))).toThrow(/vlm: has 1 rows/);
    expect(() => accumulator.merge(new ConceptFidelityAccumulator(2))).toThrow(/other.concepts/);
  });
});
