import { describe, expect, it } from "vitest";
import {
  InvalidInputError,
  matrix,
  parseSpecification,
  random,
  resolveSpecification,
  type VerificationModel,
  verifySpecification,
} from "../../src/index.ts";
import { verifySpecificationOnThread } from "../../src/parallel.ts";
import { casesOf } from "../../src/specification/cases.ts";

const uniform = random(3);
const names = (letter: string, count: number) => Array.from({ length: count }, (_, i) => `${letter}${i}`);

/** A random head over a random alignment: d-wide embeddings, m-wide texts. */
function randomModel(d: number, m: number, classes: number, concepts: number): VerificationModel {
  const numbers = (n: number) => Float64Array.from({ length: n }, () => uniform() - 0.5);
  return {
    alignment: {
      inputWidth: d,
      outputWidth: m,
      weights: numbers(d * m),
      bias: numbers(m),
      lambda: 0,
      rank: d,
      conditionNumber: 1,
      degreesOfFreedom: d + 1,
      inputs: 100,
    },
    conceptVectors: matrix(concepts, m, Float32Array.from(numbers(concepts * m))),
    head: { weights: numbers(classes * d), bias: numbers(classes) },
    box: { lower: new Float64Array(d).fill(-1), upper: new Float64Array(d).fill(1) },
  };
}

/** k0 is ahead by so much that nothing else is ever predicted. */
function decided(d: number): VerificationModel {
  const model = randomModel(d, 16, 4, 6);
  return { ...model, head: { ...model.head, bias: Float64Array.of(10 * d, 0, 0, 0) } };
}

const resolved = (text: string) =>
  resolveSpecification(parseSpecification(text), names("c", 6), names("k", 4));
const stronger = "strength(c0) > strength(c1)";
const pair = `(${stronger} and strength(c2) > strength(c3))`;
const disjunction = Array.from({ length: 13 }, () => pair).join(" or ");

/** Holds where k1 is never predicted; its denial has 2¹³ cases, and each must be excluded. */
const manyCases = resolved(`predicted(k1) => ${disjunction}`);

describe("casesOf", () => {
  it("3: a normal form that would grow exponentially is not written down", () => {
    const either = "(strength(c0) > strength(c1) or strength(c2) > strength(c3))";
    const all = Array.from({ length: 29 }, () => either).join(" and ");
    expect(casesOf(resolved(all), true, 4)).toBeUndefined();
    expect(casesOf(resolved(all), false, 4)).toHaveLength(29);
    expect(casesOf(resolved(`not (${all})`), false, 4)).toBeUndefined();
  });

  it("3: nor one whose cases are few and long", () => {
    // 2¹² cases of 12 atoms over 1,000 classes: 49 million comparisons.
    const either = "(predicted(k0) or predicted(k1))";
    const all = Array.from({ length: 12 }, () => either).join(" and ");
    expect(casesOf(resolved(all), true, 1_000)).toBeUndefined();
    expect(casesOf(resolved(all), true, 4)).toHaveLength(4_096);
  });
});

describe("verifySpecificationOnThread", () => {
  it("answers as the calling thread would", async () => {
    const model = decided(16);
    for (const [text, result] of [
      [`predicted(k0) => ${stronger}`, "VIOLATED"],
      ["predicted(k0)", "HOLDS"],
      ["label(k0)", "UNKNOWN"],
    ]) {
      const expected = await verifySpecification(resolved(text), model);
      expect(expected.result).toBe(result);
      expect(await verifySpecificationOnThread(resolved(text), model)).toEqual(expected);
    }
  });

  it("3: gives up at its deadline, and leaves the calling thread free until then", async () => {
    let turns = 0;
    const ticking = setInterval(() => turns++, 5);
    const answer = await verifySpecificationOnThread(manyCases, decided(256), 300);
    clearInterval(ticking);
    expect(answer).toEqual({ result: "UNKNOWN", reason: "It was not decided within 0.3 seconds." });
    expect(turns).toBeGreaterThan(10);
  });

  it("3: a case that is too large for a linear program is not tried", async () => {
    const wide = randomModel(1_100, 2, 1_001, 6);
    expect(await verifySpecification(resolved("not predicted(k0)"), wide)).toMatchObject({
      result: "UNKNOWN",
      reason: expect.stringContaining("too large"),
    });
  });

  it("refuses parts that do not fit, by the same error", async () => {
    const broken = { ...decided(16), conceptVectors: matrix(6, 3) };
    await expect(verifySpecificationOnThread(resolved(stronger), broken)).rejects.toThrow(InvalidInputError);
  });
});
