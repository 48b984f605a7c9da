import { describe, expect, it } from "vitest";
import {
  type Alignment,
  benjaminiHochberg,
  explainEncoderFaults,
  explainHead,
  headFaultConcepts,
  mannWhitneyPValue,
  matrix,
} from "../src/index.ts";
import { fromRows, golden } from "./golden/read.ts";

const expected = golden<{
  aligned: number[][];
  vlm: number[][];
  shift: number[];
  pValue: number[];
  mannWhitney: { first: number[]; second: number[]; pValue: number | null }[];
  a: number[][];
  head: number[][];
  concepts: number[][];
  classes: number[][];
  weights: number[];
  weightsWithoutCutoff: number[];
  expected: number[];
  pair: number[];
}>("explanation");
const aligned = fromRows(expected.aligned);
const vlm = fromRows(expected.vlm);
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const expectClose = (actual: Float64Array, wanted: number[], tolerance: number) => {
  expect(actual.length).toBe(wanted.length);
  wanted.forEach((value, i) => {
    expect(Math.abs(actual[i] - value)).toBeLessThan(tolerance * Math.max(1, Math.abs(value)));
  });
};

describe("explainEncoderFaults", () => {
  it("equals NumPy and SciPy, and finds the lost concept", () => {
    const explanation = explainEncoderFaults(aligned, vlm, range(32, 40), range(0, 30));
    expectClose(explanation.shift, expected.shift, 1e-9);
    expectClose(explanation.pValue, expected.pValue, 1e-9);
    expect(explanation.qValue).toEqual(benjaminiHochberg(explanation.pValue));
    expect(explanation.shift[1]).toBeLessThan(-1);
    expect(explanation.qValue[1]).toBeLessThan(0.01);
  });

  it("finds nothing where nothing varies", () => {
    const flat = matrix(5, 1, new Float32Array(5).fill(0.3));
    const explanation = explainEncoderFaults(flat, flat, [4], [0, 1, 2]);
    expect(explanation).toEqual({
      shift: Float64Array.of(0),
      pValue: Float64Array.of(1),
      qValue: Float64Array.of(1),
    });
  });

  it("refuses other shapes and rows", () => {
    expect(() => explainEncoderFaults(aligned, matrix(39, 3), [1], [2, 3])).toThrow(/vlm: has 39/);
    expect(() => explainEncoderFaults(aligned, matrix(40, 2), [1], [2, 3])).toThrow(/vlm: has 2/);
    expect(() => explainEncoderFaults(aligned, vlm, [], [2, 3])).toThrow(/faulty: has 0/);
    expect(() => explainEncoderFaults(aligned, vlm, [1], [2])).toThrow(/reference: has 1/);
    expect(() => explainEncoderFaults(aligned, vlm, [40], [2, 3])).toThrow(/faulty\[0\]: is 40/);
  });
});

describe("mannWhitneyPValue", () => {
  it.each(expected.mannWhitney)("equals SciPy's on $first and $second", ({ first, second, pValue }) => {
    const p = mannWhitneyPValue(Float64Array.from(first), Float64Array.from(second));
    // SciPy says NaN where all values are equal; nothing speaks against the null hypothesis then.
    expect(p).toBeCloseTo(pValue ?? 1, 10);
  });
});

describe("explainHead", () => {
  const alignment: Alignment = {
    inputWidth: 5,
    outputWidth: 9,
    weights: Float64Array.from(expected.a.flat()),
    bias: new Float64Array(9),
    lambda: 0,
    rank: 5,
    conditionNumber: 1,
    degreesOfFreedom: 6,
    inputs: 100,
  };
  const head = fromRows(expected.head);
  const concepts = fromRows(expected.concepts);
  const classes = fromRows(expected.classes);

  it("equals NumPy's pseudo-inverse, with the cutoff and without", () => {
    const explanation = explainHead(head, alignment, concepts, classes);
    expectClose(explanation.weights, expected.weights, 1e-8);
    expectClose(explanation.expected, expected.expected, 1e-6);
    // Singular values span five decades: the squared problem keeps about six digits.
    expectClose(
      explainHead(head, alignment, concepts, classes, 0).weights,
      expected.weightsWithoutCutoff,
      1e-4,
    );
  });

  it("contrasts a pair of classes with their meanings", () => {
    const explanation = explainHead(head, alignment, concepts, classes);
    expectClose(headFaultConcepts(explanation, 0, 2), expected.pair, 1e-6);
    const reversed = headFaultConcepts(explanation, 2, 0);
    expectClose(
      reversed,
      expected.pair.map((value) => -value),
      1e-6,
    );
    expect(headFaultConcepts(explanation, 1, 1)).toEqual(new Float64Array(6));
  });

  it("finds nothing wrong with a head that reads meanings", () => {
    // An identity alignment, and a head made of the class texts themselves, at the concepts' lengths.
    const identity: Alignment = {
      ...alignment,
      inputWidth: 9,
      weights: Float64Array.from({ length: 81 }, (_, i) => (i % 10 === 0 ? 1 : 0)),
      bias: new Float64Array(9),
    };
    const unit = (rows: number[][]) =>
      fromRows(rows.map((values) => values.map((value) => value / Math.hypot(...values))));
    const explanation = explainHead(
      unit(expected.classes),
      identity,
      unit(expected.concepts),
      unit(expected.classes),
    );
    headFaultConcepts(explanation, 0, 1).forEach((weight) => {
      expect(weight).toBeCloseTo(0, 5);
    });
  });

  it("refuses other shapes and classes", () => {
    expect(() => explainHead(matrix(3, 4), alignment, concepts, classes)).toThrow(/headWeights: has 4/);
    expect(() => explainHead(head, alignment, matrix(6, 8), classes)).toThrow(/conceptVectors: has 8/);
    expect(() => explainHead(head, alignment, concepts, matrix(3, 8))).toThrow(/classVectors: has 8/);
    expect(() => explainHead(head, alignment, concepts, matrix(2, 9))).toThrow(/classVectors: has 2 rows/);
    expect(() => explainHead(head, alignment, concepts, classes, 1)).toThrow(/cutoff/);
    const explanation = explainHead(head, alignment, concepts, classes);
    expect(() => headFaultConcepts(explanation, 0, 3)).toThrow(/predictedClass: is 3/);
    expect(() => headFaultConcepts(explanation, -1, 0)).toThrow(/trueClass: is -1/);
  });
});
