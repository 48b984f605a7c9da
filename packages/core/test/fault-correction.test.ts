import { describe, expect, it } from "vitest";
import { correctFaultShares, type LocalisationInputs, type OracleAnswers, random } from "../src/index.ts";

/** Inputs as [label, prediction, oracle's class, margin size] with a VLM that always knows. */
function inputsFrom(rows: readonly (readonly [number, number, number, number])[]): LocalisationInputs {
  const oracle: OracleAnswers = {
    classes: Int32Array.from(rows, ([, , answer]) => answer),
    margins: Float64Array.from(rows, ([label, , answer, size]) => (answer === label ? size : -size)),
  };
  return {
    labels: rows.map(([label]) => label),
    predictions: rows.map(([, prediction]) => prediction),
    oracle,
    vlm: { classes: oracle.classes, margins: Float64Array.from(rows, () => 1) },
  };
}
const repeat = (count: number, input: readonly [number, number, number, number]) =>
  Array.from({ length: count }, () => input);
const margins = { oracle: 0.1, vlm: 0 };
const options = { classes: 3, seed: 5 };

describe("correctFaultShares", () => {
  // Correct inputs: class 0 is heard right 8 of 10 times, class 1 is heard as 0 once in 10.
  const correct = [
    ...repeat(8, [0, 0, 0, 1]),
    ...repeat(2, [0, 0, 2, 1]),
    ...repeat(9, [1, 1, 1, 1]),
    ...repeat(1, [1, 1, 0, 1]),
  ];

  it("is Rogan and Gladen's formula", () => {
    const wrong = [...repeat(6, [0, 1, 0, 1]), ...repeat(14, [0, 1, 1, 1])];
    const corrected = correctFaultShares(inputsFrom([...correct, ...wrong]), margins, options)!;
    expect(corrected.sensitivity).toBeCloseTo(0.8, 12);
    expect(corrected.specificity).toBeCloseTo(0.9, 12);
    expect(corrected.head.value).toBeCloseTo((0.3 + 0.9 - 1) / (0.8 + 0.9 - 1), 12);
    expect(corrected.encoder.value).toBeCloseTo(1 - corrected.head.value, 12);
    expect(corrected.decided).toBe(20);
    expect(corrected.head.low).toBeLessThan(corrected.head.value);
    expect(corrected.head.high).toBeGreaterThan(corrected.head.value);
    expect(corrected.encoder.low).toBeCloseTo(1 - corrected.head.high, 12);
  });

  it("is clipped to [0, 1]", () => {
    const all = correctFaultShares(inputsFrom([...correct, ...repeat(20, [0, 1, 0, 1])]), margins, options)!;
    expect(all.head.value).toBe(1);
    expect(all.head.high).toBe(1);
    const none = correctFaultShares(inputsFrom([...correct, ...repeat(20, [0, 1, 1, 1])]), margins, options)!;
    expect(none.head.value).toBe(0);
    expect(none.encoder.value).toBe(1);
  });

  it("leaves undecided inputs out, on both sides", () => {
    const wrong = [...repeat(6, [0, 1, 0, 1]), ...repeat(14, [0, 1, 1, 1])];
    const near = [...repeat(50, [0, 1, 1, 0.01]), ...repeat(50, [0, 0, 2, 0.01])];
    const with_ = correctFaultShares(inputsFrom([...correct, ...wrong, ...near]), margins, options);
    expect(with_).toEqual(correctFaultShares(inputsFrom([...correct, ...wrong]), margins, options));
  });

  it("uses all classes' rates for a class without correct inputs", () => {
    const wrong = repeat(10, [2, 1, 2, 1]);
    const corrected = correctFaultShares(inputsFrom([...correct, ...wrong]), margins, options)!;
    expect(corrected.sensitivity).toBeCloseTo(17 / 20, 12);
    const other = correctFaultShares(
      inputsFrom([...correct, ...repeat(10, [0, 2, 0, 1])]),
      margins,
      options,
    )!;
    expect(other.specificity).toBeCloseTo(1 - 3 / 20 / 2, 12);
  });

  it("is seeded", () => {
    const inputs = inputsFrom([...correct, ...repeat(6, [0, 1, 0, 1]), ...repeat(14, [0, 1, 1, 1])]);
    expect(correctFaultShares(inputs, margins, options)).toEqual(
      correctFaultShares(inputs, margins, options),
    );
    expect(correctFaultShares(inputs, margins, { ...options, seed: 6 })).not.toEqual(
      correctFaultShares(inputs, margins, options),
    );
  });

  it("finds the true share of a simulated world, where the raw share is off", () => {
    const uniform = random(77);
    let covered = 0;
    for (let world = 0; world < 40; world++) {
      // 60 % head faults among three classes; the oracle errs on 20 % of the inputs, evenly.
      const hears = (meaning: number) =>
        uniform() < 0.2 ? (meaning + 1 + Math.floor(uniform() * 2)) % 3 : meaning;
      const rows = Array.from({ length: 400 }, (_, i): [number, number, number, number] => {
        const label = Math.floor(uniform() * 3);
        if (i < 250) return [label, label, hears(label), 1];
        const prediction = (label + 1 + Math.floor(uniform() * 2)) % 3;
        return [label, prediction, hears(uniform() < 0.6 ? label : prediction), 1];
      });
      const { head } = correctFaultShares(inputsFrom(rows), margins, { ...options, replicates: 300 })!;
      if (head.low <= 0.6 && head.high >= 0.6) covered++;
    }
    // 95 % intervals in 40 worlds: fewer than 33 has a chance under 0.1 %.
    expect(covered).toBeGreaterThanOrEqual(33);
  });

  it("is undefined where nothing can be corrected", () => {
    expect(correctFaultShares(inputsFrom(correct), margins, options)).toBeUndefined();
    expect(correctFaultShares(inputsFrom(repeat(5, [0, 1, 0, 1])), margins, options)).toBeUndefined();
    const deaf = [...repeat(5, [0, 0, 1, 1]), ...repeat(5, [0, 1, 0, 1])];
    expect(correctFaultShares(inputsFrom(deaf), margins, options)).toBeUndefined();
  });

  it("says everything when no replicate can be corrected, and refuses impossible options", () => {
    // One correct input a class, barely informative: many replicates fall to chance, none must crash.
    const slight = [
      ...repeat(3, [0, 0, 0, 1]),
      ...repeat(2, [0, 0, 1, 1]),
      ...repeat(2, [1, 1, 0, 1]),
      ...repeat(3, [1, 1, 1, 1]),
      ...repeat(4, [0, 1, 0, 1]),
      ...repeat(4, [0, 1, 1, 1]),
    ] as const;
    const one = correctFaultShares(inputsFrom(slight), margins, { ...options, replicates: 1, seed: 3 });
    expect(one!.head.low).toBeLessThanOrEqual(one!.head.high);
    const seeds = Array.from({ length: 30 }, (_, seed) =>
      correctFaultShares(inputsFrom(slight), margins, { ...options, replicates: 1, seed }),
    );
    expect(seeds.some((found) => found!.head.low === 0 && found!.head.high === 1)).toBe(true);
    expect(() => correctFaultShares(inputsFrom(slight), margins, { ...options, replicates: 0 })).toThrow(
      /replicates/,
    );
    expect(() => correctFaultShares(inputsFrom(slight), margins, { ...options, classes: 1 })).toThrow(
      /labels|predictions/,
    );
  });
});
