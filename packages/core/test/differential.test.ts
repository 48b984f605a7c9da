import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  countHeatmap,
  differentialCell,
  differentialHeatmap,
  emptyHeatmap,
  fisherExactTest,
  type HeatmapCounts,
  InvalidInputError,
  matrix,
  mcNemarTest,
  oddsRatio,
  pairedDifferentialHeatmap,
  pairedRiskDifference,
  random,
  responsibleConcepts,
  riskDifference,
} from "../src/index.ts";
import { fromRows, golden } from "./golden/read.ts";

const expected = golden<{
  readonly strengths: readonly (readonly number[])[];
  readonly labels: readonly number[];
  readonly predictions: readonly number[];
  readonly differences: readonly number[];
  readonly p: readonly (number | null)[];
  readonly q: readonly (number | null)[];
}>("heatmap");

function correctAndIncorrect(): [HeatmapCounts, HeatmapCounts] {
  const strengths = fromRows(expected.strengths);
  const rows = expected.labels.map((_, k) => k);
  const isCorrect = (k: number) => expected.labels[k] === expected.predictions[k];
  return [
    countHeatmap(strengths, rows.filter(isCorrect)),
    countHeatmap(
      strengths,
      rows.filter((k) => !isCorrect(k)),
    ),
  ];
}

/** Two concepts; the first wins `count` times, the second in the other inputs. */
function pair(count: number, inputs: number): HeatmapCounts {
  return { concepts: 2, inputs, counts: Uint32Array.of(0, count, inputs - count, 0) };
}

describe("differentialHeatmap", () => {
  it("agrees with SciPy and statsmodels: differences, z or Fisher, q-values, minimum counts", () => {
    const [correct, incorrect] = correctAndIncorrect();
    const differential = differentialHeatmap(correct, incorrect);
    expected.p.forEach((p, cell) => {
      expect(differential.differences[cell]).toBeCloseTo(expected.differences[cell], 14);
      if (p === null) {
        expect(differential.pValues[cell]).toBeNaN();
        expect(differential.qValues[cell]).toBeNaN();
      } else {
        expect(differential.pValues[cell] / p).toBeCloseTo(1, 9);
        expect(differential.qValues[cell] / (expected.q[cell] ?? Number.NaN)).toBeCloseTo(1, 9);
      }
    });
    expect(differential.testedCells).toBe(expected.p.filter((p) => p !== null).length);
    expect(differential.significantCells).toBe(expected.q.filter((q) => q !== null && q <= 0.05).length);
    expect(differential.significantCells).toBeGreaterThan(0);
    expect(differential).toMatchObject({ concepts: 6, paired: false, first: correct, second: incorrect });
  });

  it("tests a cell where both sides have enough inputs and the pooled count allows", () => {
    const tested = (first: HeatmapCounts, second: HeatmapCounts, options = {}) =>
      differentialHeatmap(first, second, options).testedCells;
    expect(tested(pair(2, 5), pair(3, 5))).toBe(2);
    expect(tested(pair(2, 5), pair(2, 5))).toBe(0); // 4 successes
    expect(tested(pair(3, 5), pair(3, 5))).toBe(0); // 4 failures
    expect(tested(pair(2, 4), pair(3, 6))).toBe(0); // 4 inputs on a side
    expect(tested(pair(3, 6), pair(2, 4))).toBe(0);
    expect(tested(pair(2, 4), pair(3, 6), { minimumInputs: 4 })).toBe(2);
    expect(tested(pair(2, 5), pair(2, 5), { minimumCount: 4 })).toBe(2);
    expect(tested(pair(0, 5), pair(0, 5), { minimumCount: 1 })).toBe(0);
  });

  it("uses Fisher's test where an expected count is below 5, and says so", () => {
    const exact = differentialHeatmap(pair(3, 9), pair(7, 11)); // smallest expected count 4.5
    expect(differentialCell(exact, 0, 1)).toMatchObject({
      test: "fisher",
      pValue: fisherExactTest(3, 9, 7, 11),
    });
    const normal = differentialHeatmap(pair(3, 10), pair(7, 10)); // exactly 5
    expect(differentialCell(normal, 0, 1).test).toBe("two-proportion");
    expect(differentialCell(normal, 0, 1).pValue).toBeCloseTo(0.07363827012030266, 12);
    expect(differentialCell(normal, 0, 0).test).toBe("none");
  });

  it("tells everything about a cell", () => {
    const differential = differentialHeatmap(pair(30, 40), pair(12, 50), { falseDiscoveryRate: 0.01 });
    const cell = differentialCell(differential, 0, 1);
    expect(cell).toMatchObject({
      i: 0,
      j: 1,
      count1: 30,
      inputs1: 40,
      count2: 12,
      inputs2: 50,
      significant: true,
    });
    expect(cell.difference).toEqual(riskDifference(30, 40, 12, 50));
    expect(cell.oddsRatio).toEqual(oddsRatio(30, 40, 12, 50));
    expect(cell.qValue).toBe(cell.pValue);
    expect(differentialCell(differential, 1, 0).count1).toBe(10);
    expect(differentialCell(differential, 1, 1)).toMatchObject({ significant: false, test: "none" });
    for (const [i, j] of [
      [-1, 0],
      [0, 2],
      [0.5, 0],
    ])
      expect(() => differentialCell(differential, i, j)).toThrow("0 to 1");
  });

  it("is antisymmetric in its sides", () => {
    const [correct, incorrect] = correctAndIncorrect();
    const there = differentialHeatmap(correct, incorrect);
    const back = differentialHeatmap(incorrect, correct);
    there.differences.forEach((difference, cell) => {
      expect(back.differences[cell]).toBeCloseTo(-difference, 15);
      if (Number.isNaN(there.pValues[cell])) expect(back.pValues[cell]).toBeNaN();
      else expect(back.pValues[cell]).toBeCloseTo(there.pValues[cell], 12);
    });
  });

  it("finds about nothing where there is nothing to find", () => {
    const uniform = random(4);
    let rejections = 0;
    const rounds = 200;
    for (let round = 0; round < rounds; round++) {
      const strengths = matrix(60, 8);
      for (let k = 0; k < strengths.data.length; k++) strengths.data[k] = uniform();
      const rows = Array.from({ length: 60 }, (_, k) => k);
      const differential = differentialHeatmap(
        countHeatmap(strengths, rows.slice(0, 20)),
        countHeatmap(strengths, rows.slice(20)),
      );
      if (differential.significantCells > 0) rejections++;
    }
    // Under the null every rejection is false, so at most 5 % of the maps may have any; 4 standard errors of slack.
    expect(rejections / rounds).toBeLessThan(0.05 + 4 * Math.sqrt((0.05 * 0.95) / rounds));
  });

  it("says nothing about an empty side", () => {
    const differential = differentialHeatmap(pair(3, 9), emptyHeatmap(2));
    expect(differential.testedCells).toBe(0);
    expect(differential.differences[1]).toBeNaN();
    expect(responsibleConcepts(differential)).toEqual([]);
  });

  it("refuses other concepts and options out of range", () => {
    expect(() => differentialHeatmap(emptyHeatmap(2), emptyHeatmap(3))).toThrow("second");
    for (const options of [
      { minimumInputs: 0 },
      { minimumCount: 0.5 },
      { falseDiscoveryRate: 0 },
      { falseDiscoveryRate: 1.1 },
      { falseDiscoveryRate: Number.NaN },
    ])
      expect(() => differentialHeatmap(pair(3, 9), pair(3, 9), options)).toThrow(InvalidInputError);
    expect(differentialHeatmap(pair(5, 9), pair(3, 9), { falseDiscoveryRate: 1 }).significantCells).toBe(2);
  });

  it("is fast at 500 concepts", () => {
    const concepts = 500;
    const uniform = random(1);
    const heatmap = (inputs: number): HeatmapCounts => {
      const counts = new Uint32Array(concepts * concepts);
      for (let i = 0; i < concepts; i++)
        for (let j = 0; j < i; j++) {
          counts[i * concepts + j] = Math.floor(uniform() * (inputs + 1));
          counts[j * concepts + i] = inputs - counts[i * concepts + j];
        }
      return { concepts, inputs, counts };
    };
    const first = heatmap(900);
    const second = heatmap(40);
    const start = performance.now();
    const differential = differentialHeatmap(first, second);
    responsibleConcepts(differential);
    // 0.3 s when idle; the bound only catches a change of order.
    expect(performance.now() - start).toBeLessThan(5_000);
    expect(differential.testedCells).toBeGreaterThan(200_000);
  });
});

describe("responsibleConcepts", () => {
  it("ranks by the change of win rate that significant cells make up", () => {
    // Concept 0 beats 1 and 2 in 90 of 100 on the first side, 10 of 100 on the second; 1 and 2 do not change.
    const side = (wins: number): HeatmapCounts => ({
      concepts: 3,
      inputs: 100,
      counts: Uint32Array.of(0, wins, wins + 2, 100 - wins, 0, 50, 98 - wins, 50, 0),
    });
    const concepts = responsibleConcepts(differentialHeatmap(side(90), side(10)));
    expect(concepts.map(({ concept, direction }) => [concept, direction])).toEqual([
      [0, "FALLS"],
      [1, "RISES"],
      [2, "RISES"],
    ]);
    expect(concepts[0]).toMatchObject({ significantCells: 2, strongestAgainst: 1 });
    expect(concepts[0].effect).toBeCloseTo(-0.8, 15);
    expect(concepts[1]).toMatchObject({ significantCells: 1, strongestAgainst: 0 });
    expect(concepts[1].effect).toBeCloseTo(0.4, 15);
    expect(concepts[0].smallestQ).toBeLessThan(1e-20);
    expect(concepts[0].smallestQ).toBeGreaterThan(0);
  });

  it("takes the cell of largest change as strongest, and the smallest q", () => {
    const first: HeatmapCounts = {
      concepts: 3,
      inputs: 100,
      counts: Uint32Array.of(0, 60, 95, 40, 0, 50, 5, 50, 0),
    };
    const second: HeatmapCounts = {
      concepts: 3,
      inputs: 100,
      counts: Uint32Array.of(0, 30, 5, 70, 0, 50, 95, 50, 0),
    };
    const differential = differentialHeatmap(first, second);
    const [top] = responsibleConcepts(differential);
    expect(top).toMatchObject({ concept: 0, strongestAgainst: 2, smallestQ: differential.qValues[2] });
    expect(differential.qValues[2]).toBeLessThan(differential.qValues[1]);
    expect(top.effect).toBeCloseTo(-(0.3 + 0.9) / 2, 14);
  });
});

describe("pairedDifferentialHeatmap", () => {
  const inputs = 80;
  const uniform = random(9);
  const first = matrix(inputs, 5);
  const second = matrix(inputs, 5);
  for (let k = 0; k < first.data.length; k++) {
    first.data[k] = Math.round(uniform() * 6);
    // Concept 4 falls on the second side; the rest only trembles.
    second.data[k] = first.data[k] + (uniform() < 0.3 ? 1 : 0) - (k % 5 === 4 ? 3 : 0);
  }

  it("counts discordant inputs and tests them by McNemar, pair by pair", () => {
    const differential = pairedDifferentialHeatmap(first, second);
    expect(differential.paired).toBe(true);
    expect(differential.first).toEqual(countHeatmap(first));
    expect(differential.second).toEqual(countHeatmap(second));
    for (let i = 0; i < 5; i++)
      for (let j = 0; j < 5; j++) {
        let both = 0;
        let onlyFirst = 0;
        let onlySecond = 0;
        for (let row = 0; row < inputs; row++) {
          const a = first.data[row * 5 + i] > first.data[row * 5 + j];
          const b = second.data[row * 5 + i] > second.data[row * 5 + j];
          if (a && b) both++;
          else if (a) onlyFirst++;
          else if (b) onlySecond++;
        }
        const cell = differentialCell(differential, i, j);
        const neither = inputs - both - onlyFirst - onlySecond;
        expect(differential.both?.[i * 5 + j]).toBe(both);
        expect(cell.difference).toEqual(pairedRiskDifference(both, onlyFirst, onlySecond, neither));
        expect(cell.oddsRatio).toBeUndefined();
        if (i === j || onlyFirst + onlySecond < 5) {
          expect(cell.pValue).toBeNaN();
          expect(cell.test).toBe("none");
        } else {
          expect(cell.pValue).toBe(mcNemarTest(onlyFirst, onlySecond).pValue);
          expect(cell.test).toBe("mcnemar");
        }
      }
    expect(responsibleConcepts(differential)[0]).toMatchObject({ concept: 4, direction: "FALLS" });
  });

  it("takes a subset and the minimum-count rule", () => {
    const rows = [0, 2, 4, 6, 8, 10];
    const some = pairedDifferentialHeatmap(first, second, rows, { minimumCount: 1 });
    expect(some.first).toEqual(countHeatmap(first, rows));
    expect(some.testedCells).toBeGreaterThan(0);
    expect(
      pairedDifferentialHeatmap(first, second, rows, { minimumCount: 1, minimumInputs: 7 }).testedCells,
    ).toBe(0);
    expect(
      pairedDifferentialHeatmap(first, second, rows, { minimumCount: 1, minimumInputs: 6 }).testedCells,
    ).toBe(some.testedCells);
    expect(pairedDifferentialHeatmap(first, first).testedCells).toBe(0);
  });

  it("refuses shapes that do not match, and NaN on either side", () => {
    expect(() => pairedDifferentialHeatmap(first, matrix(inputs, 4))).toThrow("second");
    expect(() => pairedDifferentialHeatmap(first, matrix(inputs - 1, 5))).toThrow("second");
    const broken = matrix(inputs, 5, first.data.slice());
    broken.data[12] = Number.NaN;
    expect(() => pairedDifferentialHeatmap(first, broken)).toThrow("input 2");
    expect(() => pairedDifferentialHeatmap(broken, first)).toThrow("input 2");
    expect(() => pairedDifferentialHeatmap(first, second, [80])).toThrow("rows[0]");
  });

  it("agrees with the unpaired heatmaps it is made of", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: inputs - 1 })), (rows) => {
        const differential = pairedDifferentialHeatmap(first, second, rows);
        differential.both?.forEach((both, cell) => {
          expect(both).toBeLessThanOrEqual(differential.first.counts[cell]);
          expect(both).toBeLessThanOrEqual(differential.second.counts[cell]);
        });
      }),
    );
  });
});
