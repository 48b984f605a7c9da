import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  binarisedHeatmap,
  countHeatmap,
  decodeHeatmap,
  emptyHeatmap,
  encodeHeatmap,
  groundTruthHeatmaps,
  type HeatmapCounts,
  heatmapMeans,
  heatmapsByClass,
  InvalidInputError,
  type Matrix,
  matrix,
  mergeHeatmaps,
  outputLabelHeatmaps,
  rowsByClass,
  selectRows,
  singleInputHeatmap,
  winRateHeatmap,
  winRates,
} from "../src/index.ts";
import { fromRows, golden } from "./golden/read.ts";

const expected = golden<{
  readonly strengths: readonly (readonly number[])[];
  readonly labels: readonly number[];
  readonly predictions: readonly number[];
  readonly counts: readonly number[];
  readonly ground_truth: readonly (readonly number[])[];
  readonly output_label: readonly (readonly number[])[];
  readonly win_rates: readonly number[];
  readonly binarised: readonly number[];
}>("heatmap");

/** Strengths with many ties, signed zeros and infinities among them. */
const strengthsArbitrary = fc
  .tuple(fc.integer({ min: 2, max: 9 }), fc.integer({ min: 0, max: 12 }))
  .chain(([concepts, inputs]) =>
    fc
      .array(
        fc.oneof(
          fc.constantFrom(0, -0, 1, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
          fc.float({ noNaN: true }),
        ),
        { minLength: concepts * inputs, maxLength: concepts * inputs },
      )
      .map((values): Matrix => matrix(inputs, concepts, Float32Array.from(values))),
  );

function checkInvariants({ concepts, inputs, counts }: HeatmapCounts): void {
  for (let i = 0; i < concepts; i++) {
    expect(counts[i * concepts + i]).toBe(0);
    for (let j = 0; j < i; j++)
      expect(counts[i * concepts + j] + counts[j * concepts + i]).toBeLessThanOrEqual(inputs);
  }
}

describe("counting", () => {
  it("counts strict wins; ties and -0 count for neither", () => {
    const heatmap = countHeatmap(matrix(2, 3, Float32Array.of(1, 2, 2, 0, -0, -1)));
    expect(heatmap).toEqual({ concepts: 3, inputs: 2, counts: Uint32Array.of(0, 0, 1, 1, 0, 1, 1, 0, 0) });
  });

  it("agrees with NumPy overall, by true class and by predicted class", () => {
    const strengths = fromRows(expected.strengths);
    expect(Array.from(countHeatmap(strengths).counts)).toEqual(expected.counts);
    const byLabel = groundTruthHeatmaps(strengths, expected.labels, 3);
    expect(byLabel.map(({ counts }) => Array.from(counts))).toEqual(expected.ground_truth);
    expect(byLabel.map(({ inputs }) => inputs)).toEqual(
      [0, 1, 2].map((k) => expected.labels.filter((label) => label === k).length),
    );
    const byPrediction = outputLabelHeatmaps(strengths, expected.predictions, 3);
    expect(byPrediction.map(({ counts }) => Array.from(counts))).toEqual(expected.output_label);
  });

  it("counts chosen rows, repeats included, and single inputs", () => {
    const strengths = fromRows(expected.strengths);
    const twice = countHeatmap(strengths, [7, 7]);
    const once = singleInputHeatmap(strengths.data.subarray(7 * 6, 8 * 6));
    expect(once.inputs).toBe(1);
    expect(twice).toEqual(mergeHeatmaps([once, once]));
    expect(countHeatmap(strengths, [])).toEqual(emptyHeatmap(6));
  });

  it("keeps its invariants, whatever the order of inputs", () => {
    fc.assert(
      fc.property(strengthsArbitrary, (strengths) => {
        const heatmap = countHeatmap(strengths);
        checkInvariants(heatmap);
        const reversed = Array.from({ length: strengths.rows }, (_, k) => strengths.rows - 1 - k);
        expect(countHeatmap(strengths, reversed)).toEqual(heatmap);
      }),
    );
  });

  it("is the sum of its shards", () => {
    fc.assert(
      fc.property(strengthsArbitrary, fc.nat(), (strengths, cut) => {
        const rows = Array.from({ length: strengths.rows }, (_, k) => k);
        const at = cut % (strengths.rows + 1);
        const parts = [rows.slice(0, at), rows.slice(at)].map((part) =>
          countHeatmap(selectRows(strengths, part)),
        );
        expect(mergeHeatmaps(parts)).toEqual(countHeatmap(strengths));
      }),
    );
  });

  it("only asks for the order of strengths", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 2, maxLength: 20 }), (values) => {
        const straight = singleInputHeatmap(Float32Array.from(values));
        const stretched = singleInputHeatmap(Float32Array.from(values, (value) => value ** 3 / 1000 - 7));
        expect(stretched).toEqual(straight);
      }),
    );
  });

  it("takes infinities, and names the input that holds NaN", () => {
    const strengths = matrix(
      3,
      2,
      Float32Array.of(1, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1, 2),
    );
    expect(Array.from(countHeatmap(strengths).counts)).toEqual([0, 2, 1, 0]);
    strengths.data[5] = Number.NaN;
    expect(() => countHeatmap(strengths)).toThrow(InvalidInputError);
    expect(() => countHeatmap(strengths)).toThrow("strengths, input 2: is not a number for concept 1");
    expect(countHeatmap(strengths, [0, 1]).inputs).toBe(2);
  });

  it.each([-1, 3, 0.5, Number.NaN])("refuses the row %d", (row) => {
    expect(() => countHeatmap(matrix(3, 2), [0, row])).toThrow(/rows\[1\].*0 to 2/);
  });

  it("refuses too few and too many concepts", () => {
    expect(() => countHeatmap(matrix(1, 1))).toThrow("concepts: is 1. A heatmap needs 2 to 4096");
    expect(() => emptyHeatmap(4097)).toThrow("2 to 4096");
    expect(() => emptyHeatmap(2.5)).toThrow("2 to 4096");
    expect(emptyHeatmap(2).counts).toHaveLength(4);
    expect(emptyHeatmap(4096).counts).toHaveLength(4096 ** 2);
  });
});

describe("rowsByClass", () => {
  it("lists the rows of each class, among some rows only where asked", () => {
    expect(rowsByClass([1, 0, 1, 2], 4, 4).map((rows) => Array.from(rows))).toEqual([[1], [0, 2], [3], []]);
    expect(rowsByClass([1, 0, 1], 3, 2, [2]).map((rows) => Array.from(rows))).toEqual([[], [2]]);
    expect(heatmapsByClass(matrix(2, 2, Float32Array.of(1, 0, 0, 1)), [0, 0], 2, [1])[0].counts).toEqual(
      Uint32Array.of(0, 0, 1, 0),
    );
  });

  it.each([-1, 2, 0.5, Number.NaN])("refuses the class %d", (label) => {
    expect(() => rowsByClass([0, label], 2, 2)).toThrow(`classOfInput[1]: is ${label}`);
    expect(() => rowsByClass([0, label], 2, 2)).toThrow("0 to 1");
  });

  it("refuses another number of inputs", () => {
    expect(() => rowsByClass([0], 2, 2)).toThrow("classOfInput");
  });
});

describe("mergeHeatmaps", () => {
  it("refuses nothing, different concepts, and more inputs than a count can hold", () => {
    expect(() => mergeHeatmaps([])).toThrow("heatmaps: is empty");
    expect(() => mergeHeatmaps([emptyHeatmap(2), emptyHeatmap(3)])).toThrow("heatmaps[1]");
    const torn = { concepts: 2, inputs: 1, counts: new Uint32Array(3) };
    expect(() => mergeHeatmaps([emptyHeatmap(2), torn])).toThrow("heatmaps[1]");
    const full = { concepts: 2, inputs: 0xffffffff, counts: Uint32Array.of(0, 0xffffffff, 0, 0) };
    expect(mergeHeatmaps([full, emptyHeatmap(2)])).toEqual(full);
    expect(() => mergeHeatmaps([full, singleInputHeatmap(Float32Array.of(1, 0))])).toThrow(
      "4294967296 inputs",
    );
  });
});

describe("views", () => {
  it("agree with NumPy", () => {
    const heatmap = countHeatmap(fromRows(expected.strengths));
    expect(Array.from(heatmapMeans(heatmap))).toEqual(expected.counts.map((count) => count / 120));
    expect(Array.from(binarisedHeatmap(heatmap))).toEqual(expected.binarised);
    winRates(heatmap).forEach((rate, i) => {
      expect(rate).toBeCloseTo(expected.win_rates[i], 14);
    });
  });

  it("binarise above one half only", () => {
    const heatmap = { concepts: 2, inputs: 2, counts: Uint32Array.of(0, 1, 1, 0) };
    expect(Array.from(binarisedHeatmap(heatmap))).toEqual([0, 0, 0, 0]);
    expect(Array.from(binarisedHeatmap({ ...heatmap, inputs: 1 }))).toEqual([0, 1, 1, 0]);
  });

  it("of no inputs are NaN, and nothing is above one half", () => {
    expect(heatmapMeans(emptyHeatmap(2))).toEqual(new Float64Array(4).fill(Number.NaN));
    expect(winRates(emptyHeatmap(2))).toEqual(new Float64Array(2).fill(Number.NaN));
    expect(Array.from(binarisedHeatmap(emptyHeatmap(2)))).toEqual([0, 0, 0, 0]);
  });
});

describe("winRateHeatmap", () => {
  it("keeps the win rates where no cell runs over, and is a heatmap", () => {
    const heatmap = countHeatmap(fromRows(expected.strengths));
    const smooth = winRateHeatmap(heatmap);
    checkInvariants(smooth);
    expect(smooth).toMatchObject({ concepts: 6, inputs: 120 });
    // Concepts of about equal strength: the fit is exact up to rounding.
    const level = countHeatmap(matrix(4, 3, Float32Array.of(1, 2, 3, 3, 1, 2, 2, 3, 1, 1, 2, 3)));
    expect(Array.from(winRateHeatmap(level).counts)).toEqual([0, 2, 1, 2, 0, 2, 3, 2, 0]);
    expect(winRates(winRateHeatmap(level))[2]).toBe(winRates(level)[2]);
  });

  it("clips, and leaves no inputs empty", () => {
    const order = singleInputHeatmap(Float32Array.of(1, 2, 3, 4, 5));
    expect(winRateHeatmap(order)).toEqual(order);
    expect(winRateHeatmap(emptyHeatmap(3))).toEqual(emptyHeatmap(3));
  });
});

describe("encoding", () => {
  it("gives back every heatmap, in the fewest bytes a count", () => {
    fc.assert(
      fc.property(strengthsArbitrary, (strengths) => {
        const heatmap = countHeatmap(strengths);
        const bytes = encodeHeatmap(heatmap);
        expect(bytes).toHaveLength(16 + strengths.columns ** 2);
        expect(decodeHeatmap(bytes)).toEqual(heatmap);
      }),
    );
    for (const [inputs, width] of [
      [0xff, 1],
      [0x100, 2],
      [0xffff, 2],
      [0x10000, 4],
      [0xffffffff, 4],
    ]) {
      const heatmap = { concepts: 2, inputs, counts: Uint32Array.of(0, inputs - 1, 1, 0) };
      const bytes = encodeHeatmap(heatmap);
      expect(bytes).toHaveLength(16 + 4 * width);
      expect(decodeHeatmap(bytes)).toEqual(heatmap);
    }
  });

  it("reads the largest heatmap", () => {
    expect(decodeHeatmap(encodeHeatmap(emptyHeatmap(4096))).concepts).toBe(4096);
  });

  it("has the documented layout", () => {
    const bytes = encodeHeatmap({ concepts: 2, inputs: 300, counts: Uint32Array.of(0, 258, 7, 0) });
    const head = [0x46, 0x4c, 0x48, 0x4d, 1, 2, 2, 0, 44, 1, 0, 0, 0, 0, 0, 0];
    expect(Array.from(bytes)).toEqual([...head, 0, 0, 2, 1, 7, 0, 0, 0]);
  });

  it("reads a view into a larger buffer", () => {
    const bytes = encodeHeatmap(singleInputHeatmap(Float32Array.of(1, 0)));
    const larger = new Uint8Array(bytes.length + 5);
    larger.set(bytes, 3);
    expect(decodeHeatmap(larger.subarray(3, 3 + bytes.length)).counts).toEqual(Uint32Array.of(0, 1, 0, 0));
  });

  const valid = encodeHeatmap({ concepts: 2, inputs: 3, counts: Uint32Array.of(0, 2, 1, 0) });
  const changed = (at: number, value: number) => {
    const bytes = valid.slice();
    bytes[at] = value;
    return bytes;
  };
  it.each([
    ["a short header", valid.subarray(0, 15), "shorter than the header"],
    ["another magic", changed(0, 0), "FLHM"],
    ["a later version", changed(4, 2), "version 2"],
    ["a width that does not fit the inputs", changed(5, 2), "2 bytes a count for 3 inputs"],
    ["one concept", changed(6, 1), "1 concepts"],
    ["too many concepts", changed(7, 0x20), "8194 concepts"],
    ["a reserved field in use", changed(12, 1), "reserved"],
    ["missing bytes", valid.subarray(0, 19), "19 long, not 20"],
    ["extra bytes", Uint8Array.of(...valid, 0), "21 long, not 20"],
    [
      "missing bytes of wider counts",
      encodeHeatmap({ concepts: 2, inputs: 300, counts: Uint32Array.of(0, 1, 1, 0) }).subarray(0, 20),
      "20 long, not 24",
    ],
    [
      "more wins than inputs far from the first row",
      encodeHeatmap({ concepts: 3, inputs: 3, counts: Uint32Array.of(0, 2, 1, 1, 0, 2, 2, 2, 0) }),
      "(2, 1) and (1, 2)",
    ],
    ["a diagonal that counts", changed(16, 1), "(0, 0)"],
    ["more wins than inputs", changed(17, 3), "(1, 0) and (0, 1)"],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => decodeHeatmap(bytes)).toThrow(InvalidInputError);
    expect(() => decodeHeatmap(bytes)).toThrow(message);
  });
});
