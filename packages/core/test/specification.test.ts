import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Alignment,
  evaluateSpecification,
  InvalidInputError,
  matrix,
  parseSpecification,
  random,
  resolveSpecification,
  type Specification,
  type VerificationModel,
  verifySpecification,
} from "../src/index.ts";
import { satisfies } from "../src/specification/expression.ts";

const concepts = ["wheels", "wings", "long snout", "metallic"];
const classes = ["truck", "bird", "cat"];
const resolved = (text: string) => resolveSpecification(parseSpecification(text), concepts, classes);
const stronger = (i: string, j: string) => ({ kind: "stronger", stronger: i, weaker: j });

describe("parseSpecification", () => {
  it("binds => weaker than or, or weaker than and, and weaker than not", () => {
    expect(
      parseSpecification(
        "not predicted(a) and label(b) or strength(c) > strength(d) => predicted(e) => label(f)",
      ),
    ).toEqual({
      kind: "implies",
      premise: {
        kind: "or",
        operands: [
          {
            kind: "and",
            operands: [
              { kind: "not", operand: { kind: "predicted", name: "a" } },
              { kind: "label", name: "b" },
            ],
          },
          stronger("c", "d"),
        ],
      },
      conclusion: {
        kind: "implies",
        premise: { kind: "predicted", name: "e" },
        conclusion: { kind: "label", name: "f" },
      },
    });
  });

  it("reads all four comparisons as strength predicates", () => {
    const of = (operator: string) => parseSpecification(`strength(a) ${operator} strength(b)`);
    expect(of(">")).toEqual(stronger("a", "b"));
    expect(of("<")).toEqual(stronger("b", "a"));
    expect(of(">=")).toEqual({ kind: "not", operand: stronger("b", "a") });
    expect(of("<=")).toEqual({ kind: "not", operand: stronger("a", "b") });
  });

  it("takes parentheses, any space, hyphens, other alphabets and quoted names", () => {
    expect(
      parseSpecification(
        ' ( predicted ( "a \\"b\\" \\\\" )\n or(label(Käfer)))and strength(long-snout)>strength(_1) ',
      ),
    ).toEqual({
      kind: "and",
      operands: [
        {
          kind: "or",
          operands: [
            { kind: "predicted", name: 'a "b" \\' },
            { kind: "label", name: "Käfer" },
          ],
        },
        stronger("long-snout", "_1"),
      ],
    });
  });

  it.each([
    ["", "line 1, column 1"],
    ["predicted(truck) =>", "line 1, column 20"],
    ["predicted(truck)\n and strength(a) > 0.2", "line 2, column 20"],
    ["predicted(long snout)", "line 1, column 16"],
    ["predicted(a) andpredicted(b)", "line 1, column 14"],
    ['predicted("")', "line 1, column 11"],
  ])("says where %j goes wrong", (text, place) => {
    expect(() => parseSpecification(text)).toThrow(InvalidInputError);
    expect(() => parseSpecification(text)).toThrow(place);
  });

  it("has a grammar built from its source", () => {
    const folder = mkdtempSync(join(tmpdir(), "faultline-grammar-"));
    try {
      const built = join(folder, "grammar.ts");
      execFileSync(process.execPath, [
        fileURLToPath(new URL("../build-grammar.mjs", import.meta.url)),
        built,
      ]);
      const committed = new URL("../src/specification/grammar.ts", import.meta.url);
      expect(readFileSync(built, "utf8") === readFileSync(committed, "utf8")).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("resolveSpecification", () => {
  it("replaces names by numbers in every part", () => {
    expect(
      resolved(
        'label(cat) or not predicted(bird) => (strength("long snout") > strength(wheels) and label(truck))',
      ),
    ).toEqual({
      kind: "implies",
      premise: {
        kind: "or",
        operands: [
          { kind: "label", name: 2 },
          { kind: "not", operand: { kind: "predicted", name: 1 } },
        ],
      },
      conclusion: {
        kind: "and",
        operands: [
          { kind: "stronger", stronger: 2, weaker: 0 },
          { kind: "label", name: 0 },
        ],
      },
    });
  });

  it("names what does not exist", () => {
    expect(() => resolved("predicted(dog)")).toThrow('the class "dog"');
    expect(() => resolved("strength(wheels) > strength(beak)")).toThrow(
      'the concept "beak", which does not exist. Use one of: wheels, wings, long snout, metallic.',
    );
    const many = Array.from({ length: 21 }, (_, k) => `c${k}`);
    expect(() => resolveSpecification(parseSpecification("label(x)"), concepts, many)).toThrow("c19, …");
  });
});

describe("evaluateSpecification", () => {
  const data = {
    strengths: matrix(4, 4, Float32Array.of(2, 1, 0, 0, 1, 2, 0, 0, 1, 1, 0, 0, 1, 2, 0, 0)),
    predictions: [0, 0, 0, 1],
    labels: [0, 1, 0, 1],
  };

  it("counts, tells applicable from emptily satisfied, and names counterexamples", () => {
    const evaluation = evaluateSpecification(
      resolved("predicted(truck) => strength(wheels) > strength(wings)"),
      data,
    );
    expect(evaluation).toMatchObject({ inputs: 4, satisfied: 2, applicable: 3, counterexamples: [1, 2] });
    expect(evaluation.share.value).toBe(0.5);
    expect(evaluation.applicableShare.value).toBeCloseTo(1 / 3, 15);
    expect(evaluation.applicableShare.low).toBeLessThan(1 / 3);
  });

  it("takes a subset of rows, a limit, and labels", () => {
    const all = resolved("label(truck) and not (strength(wings) >= strength(wheels))");
    expect(evaluateSpecification(all, data, [2, 0, 1], 1)).toMatchObject({
      inputs: 3,
      satisfied: 1,
      applicable: 3,
      counterexamples: [2],
    });
    expect(evaluateSpecification(resolved("label(bird) or predicted(truck)"), data).satisfied).toBe(4);
  });

  it("refuses missing labels, wrong lengths and NaN", () => {
    const { strengths, predictions } = data;
    const specification = resolved("label(truck)");
    expect(() => evaluateSpecification(specification, { strengths, predictions })).toThrow("labels");
    expect(() => evaluateSpecification(specification, { ...data, predictions: [0] })).toThrow("predictions");
    expect(() => evaluateSpecification(specification, { ...data, labels: [0] })).toThrow("labels");
    const broken = matrix(1, 4, Float32Array.of(0, Number.NaN, 0, 0));
    expect(() => evaluateSpecification(specification, { strengths: broken, predictions: [0] })).toThrow(
      "input 0",
    );
  });
});

/** The embedding is the aligned embedding (A = I, b = 0), and concept c is the axis c. */
function axes(d: number): VerificationModel {
  const identity = new Float64Array(d * d);
  for (let i = 0; i < d; i++) identity[i * d + i] = 1;
  const alignment: Alignment = {
    inputWidth: d,
    outputWidth: d,
    weights: identity,
    bias: new Float64Array(d),
    lambda: 0,
    rank: d,
    conditionNumber: 1,
    degreesOfFreedom: d + 1,
    inputs: 100,
  };
  return {
    alignment,
    conceptVectors: matrix(d, d, Float32Array.from(identity)),
    head: { weights: identity.slice(0, 3 * d), bias: new Float64Array(3) },
    box: { lower: new Float64Array(d).fill(-1), upper: new Float64Array(d).fill(1) },
  };
}

describe("verifySpecification", () => {
  it("proves what follows from the head", async () => {
    const model = axes(4);
    // Truck's logit is the strength of wheels, bird's that of wings: predicted(truck) needs the order.
    const answer = await verifySpecification(
      resolved("predicted(truck) => strength(wheels) >= strength(wings)"),
      { ...model, head: { ...model.head, bias: Float64Array.of(-0.1, 0, 0) } },
    );
    expect(answer).toEqual({ result: "HOLDS", cases: 1 });
  });

  it("finds a witness in the box and says which class it gets", async () => {
    const specification = resolved("predicted(truck) => strength(wheels) > strength(metallic)");
    const answer = await verifySpecification(specification, axes(4));
    if (answer.result !== "VIOLATED") throw new Error(answer.result);
    const { witness, predictedClass } = answer;
    expect(predictedClass).toBe(0);
    expect(witness[0]).toBeGreaterThan(Math.max(witness[1], witness[2]));
    expect(witness[3]).toBeGreaterThan(witness[0]);
    for (const value of witness) expect(Math.abs(value)).toBeLessThanOrEqual(1);
  });

  it("uses the box: the same specification holds where metallic stays low", async () => {
    const model = axes(4);
    const upper = Float64Array.of(1, 1, 1, -2);
    const lower = Float64Array.of(-1, -1, -1, -2);
    const specification = resolved("predicted(truck) => strength(wheels) > strength(metallic)");
    expect(await verifySpecification(specification, { ...model, box: { lower, upper } })).toMatchObject({
      result: "HOLDS",
    });
  });

  it("goes through or, and, not and nested implications", async () => {
    const model = axes(4);
    const shifted = { ...model, head: { ...model.head, bias: Float64Array.of(10, 0, 0) } };
    // With a bias of 10 only truck is ever predicted, by a wide margin.
    for (const text of [
      "predicted(truck)",
      "predicted(truck) or predicted(bird) or predicted(cat)",
      "not (predicted(truck) and predicted(bird))",
      "predicted(bird) => predicted(cat) => predicted(truck)",
    ])
      expect((await verifySpecification(resolved(text), shifted)).result, text).toBe("HOLDS");
    expect((await verifySpecification(resolved("not predicted(truck)"), shifted)).result).toBe("VIOLATED");
    expect((await verifySpecification(resolved("predicted(truck) and predicted(cat)"), shifted)).result).toBe(
      "VIOLATED",
    );
    expect(
      (
        await verifySpecification(
          resolved("not (predicted(truck) => predicted(cat)) or predicted(cat)"),
          shifted,
        )
      ).result,
    ).toBe("HOLDS");
  });

  it("admits what it cannot know", async () => {
    const model = axes(4);
    const unknown = async (text: string) => {
      const answer = await verifySpecification(resolved(text), model);
      return answer.result === "UNKNOWN" ? answer.reason : answer.result;
    };
    expect(await unknown("not predicted(cat) and (predicted(truck) => label(truck))")).toContain("label");
    // True with equality only: the margin is exactly zero.
    expect(await unknown("predicted(truck) => strength(wheels) >= strength(wings)")).toContain(
      "1 of 1 cases",
    );
    const many = Array.from(
      { length: 15 },
      () => "(strength(wheels) > strength(wings) or predicted(cat))",
    ).join(" or ");
    const wide = Array.from({ length: 15 }, () => "(predicted(truck) and predicted(cat))").join(" or ");
    expect(await unknown(`${many} or ${wide}`)).toContain("10000 cases");
  });

  it("handles a specification without literals", async () => {
    const model = axes(4);
    const one = { ...model, head: { weights: new Float64Array(4), bias: new Float64Array(1) } };
    expect((await verifySpecification(resolved("predicted(truck)"), one)).result).toBe("HOLDS");
    expect((await verifySpecification(resolved("not predicted(truck)"), one)).result).toBe("VIOLATED");
  });

  it("refuses parts that do not fit", async () => {
    const model = axes(4);
    const of = (part: Partial<VerificationModel>) =>
      verifySpecification(resolved("predicted(truck)"), { ...model, ...part });
    await expect(of({ conceptVectors: matrix(4, 3) })).rejects.toThrow("conceptVectors");
    await expect(of({ head: { weights: new Float64Array(5), bias: new Float64Array(3) } })).rejects.toThrow(
      "head",
    );
    await expect(of({ box: { lower: [0], upper: [1] } })).rejects.toThrow("box.lower");
    await expect(of({ box: { lower: [0, 0, 0, 2], upper: [1, 1, 1, 1] } })).rejects.toThrow("dimension 3");
  });

  it("never contradicts what random embeddings of the box show", async () => {
    const atom = fc.oneof(
      fc.nat({ max: 2 }).map((name): Specification => ({ kind: "predicted", name })),
      fc
        .uniqueArray(fc.nat({ max: 3 }), { minLength: 2, maxLength: 2 })
        .map(([i, j]): Specification => ({ kind: "stronger", stronger: i, weaker: j })),
    );
    const specification = fc.letrec<{ any: Specification }>((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        atom,
        tie("any").map((operand): Specification => ({ kind: "not", operand })),
        fc.tuple(tie("any"), tie("any")).map((operands): Specification => ({ kind: "and", operands })),
        fc.tuple(tie("any"), tie("any")).map((operands): Specification => ({ kind: "or", operands })),
        fc
          .tuple(tie("any"), tie("any"))
          .map(([premise, conclusion]): Specification => ({ kind: "implies", premise, conclusion })),
      ),
    })).any;
    const seen = { HOLDS: 0, VIOLATED: 0, UNKNOWN: 0 };
    await fc.assert(
      fc.asyncProperty(specification, fc.nat(), async (chosen, seed) => {
        const uniform = random(seed);
        const gaussian = (n: number) => Float64Array.from({ length: n }, () => uniform() + uniform() - 1);
        const base = axes(4);
        const model: VerificationModel = {
          ...base,
          alignment: { ...base.alignment, weights: gaussian(16), bias: gaussian(4) },
          conceptVectors: matrix(4, 4, Float32Array.from(gaussian(16))),
          head: { weights: gaussian(12), bias: gaussian(3) },
        };
        const answer = await verifySpecification(chosen, model);
        seen[answer.result]++;
        if (answer.result === "VIOLATED") return;
        const violated = Array.from({ length: 200 }).some(() => {
          const point = Float64Array.from({ length: 4 }, () => 2 * uniform() - 1);
          const logits = [0, 1, 2].map((k) =>
            point.reduce((sum, x, i) => sum + x * model.head.weights[4 * k + i], model.head.bias[k]),
          );
          const aligned = [0, 1, 2, 3].map((k) =>
            point.reduce(
              (sum, x, i) => sum + x * model.alignment.weights[4 * k + i],
              model.alignment.bias[k],
            ),
          );
          const cosines = [0, 1, 2, 3].map((c) => {
            const vector = model.conceptVectors.data.subarray(4 * c, 4 * c + 4);
            return vector.reduce((sum, x, k) => sum + x * aligned[k], 0) / Math.hypot(...vector);
          });
          return !satisfies(chosen, {
            predicted: logits.indexOf(Math.max(...logits)),
            stronger: (i, j) => cosines[i] > cosines[j],
          });
        });
        if (answer.result === "HOLDS") expect(violated).toBe(false);
      }),
      { numRuns: 150, seed: 5 },
    );
    expect(seen.HOLDS).toBeGreaterThan(5);
    expect(seen.VIOLATED).toBeGreaterThan(20);
  });
});
