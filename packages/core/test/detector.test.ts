import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Alignment,
  applyAlignment,
  calibrateDetector,
  countHeatmap,
  Detector,
  type DetectorModel,
  emptyHeatmap,
  emptyVerdict,
  type HeatmapCounts,
  InvalidInputError,
  matrix,
  mergeHeatmaps,
  random,
  SIMILARITIES,
  type Similarity,
  selectRows,
  strengths as strengthsOf,
  VERDICT_CONCEPTS,
  winRateHeatmap,
} from "../src/index.ts";
import { bytesOfDetector, calibrationWorld, names } from "./detector/world.ts";

/** The similarities of the design, cell by cell. */
function similarity(kind: Similarity, strengths: ArrayLike<number>, reference: HeatmapCounts): number {
  const { concepts, inputs, counts } = reference;
  let product = 0;
  let sizeH = 0;
  let squaresR = 0;
  let sizeB = 0;
  let overlap = 0;
  let distance = 0;
  let logLikelihood = 0;
  for (let i = 0; i < concepts; i++)
    for (let j = 0; j < concepts; j++) {
      if (i === j) continue;
      const h = strengths[i] > strengths[j] ? 1 : 0;
      const r = counts[i * concepts + j] / inputs;
      const b = r > 0.5 ? 1 : 0;
      const p = (counts[i * concepts + j] + 1) / (inputs + 2);
      product += h * r;
      sizeH += h;
      squaresR += r * r;
      sizeB += b;
      overlap += h * b;
      distance += Math.abs(h - r);
      logLikelihood += Math.log(h ? p : 1 - p);
    }
  switch (kind) {
    case "cosine":
      return sizeH === 0 || squaresR === 0 ? 0 : product / Math.sqrt(sizeH * squaresR);
    case "jaccard":
      return sizeH + sizeB === 0 ? 0 : overlap / (sizeH + sizeB - overlap);
    case "l1":
      return 1 - distance / (concepts * (concepts - 1));
    case "log-likelihood-ratio":
      return logLikelihood;
  }
}

const world = calibrationWorld(600, 1);

describe("scores", () => {
  it.each(SIMILARITIES)("are the difference of two similarities, from their definition: %s", (kind) => {
    const detector = calibrateDetector({ ...world, ...names }, { similarity: kind });
    const fresh = calibrationWorld(60, 2);
    // Ties, all equal, and signed zeros as well.
    fresh.strengths.data.fill(0.25, 0, 6);
    fresh.strengths.data.set([1, 1, -0, 0, 2, 2], 6);
    for (let row = 0; row < 60; row++) {
      const input = fresh.strengths.data.subarray(6 * row, 6 * row + 6);
      const predicted = fresh.predictions[row];
      const { correct, incorrect } = detector.model.references[predicted];
      const verdict = detector.checkStrengths(input, predicted);
      expect(verdict.similarityToCorrect).toBeCloseTo(similarity(kind, input, correct), 11);
      expect(verdict.similarityToIncorrect).toBeCloseTo(similarity(kind, input, incorrect), 11);
      expect(verdict.score).toBe(verdict.similarityToIncorrect - verdict.similarityToCorrect);
      expect(verdict.verdict).toBe(verdict.score > verdict.threshold ? "DEFECT" : "OK");
      expect(verdict.threshold).toBe(detector.model.references[predicted].threshold);
      expect(verdict).toMatchObject({ predictedClass: predicted, fallback: false });
    }
  });

  it.each(SIMILARITIES)("are divided among the concepts without a rest: %s", (kind) => {
    // Four concepts, so that a verdict of five names them all.
    const four = { ...world, strengths: matrix(600, 4, columns(world.strengths.data, 6, 4)) };
    const detector = calibrateDetector(
      { ...four, ...names, concepts: names.concepts.slice(0, 4) },
      { similarity: kind, rule: { kind: "zero" } },
    );
    for (let row = 0; row < 20; row++) {
      const verdict = detector.checkStrengths(four.strengths.data.subarray(4 * row, 4 * row + 4), 1);
      expect(verdict.concepts).toHaveLength(4);
      expect(verdict.concepts.reduce((sum, { contribution }) => sum + contribution, 0)).toBeCloseTo(
        verdict.score,
        12,
      );
    }
  });

  it("name the concepts that spoke most, by size", () => {
    const detector = calibrateDetector({ ...world, ...names });
    const { concepts } = detector.checkStrengths(world.strengths.data.subarray(0, 6), 0);
    expect(concepts).toHaveLength(VERDICT_CONCEPTS);
    const sizes = concepts.map(({ contribution }) => Math.abs(contribution));
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
    expect(new Set(concepts.map(({ concept }) => concept)).size).toBe(VERDICT_CONCEPTS);
  });

  it.each(["cosine", "l1"] as const)(
    "name those of the largest contributions, from their definition: %s",
    (kind) => {
      const concepts = 12;
      const uniform = random(8);
      const heatmapOf = (shift: number) => {
        const strengths = matrix(40, concepts);
        for (let k = 0; k < strengths.data.length; k++)
          strengths.data[k] = uniform() + shift * (((k % concepts) * 7) % 5);
        return countHeatmap(strengths);
      };
      const correct = heatmapOf(0.1);
      const incorrect = heatmapOf(-0.2);
      const detector = new Detector({
        ...model(),
        concepts: Array.from({ length: concepts }, (_, c) => `c${c}`),
        similarity: kind,
        references: [reference(correct, incorrect), reference(correct, incorrect)],
      });
      for (let round = 0; round < 30; round++) {
        const input = Float32Array.from({ length: concepts }, () => Math.round(uniform() * 20));
        const shares = new Float64Array(concepts);
        const norm = ({ counts }: HeatmapCounts) => Math.hypot(...counts) / 40;
        let trueCells = 0;
        for (let i = 0; i < concepts; i++)
          for (let j = 0; j < concepts; j++) if (input[i] > input[j]) trueCells++;
        for (let i = 0; i < concepts; i++)
          for (let j = 0; j < concepts; j++) {
            if (i === j) continue;
            const h = input[i] > input[j] ? 1 : 0;
            const r0 = correct.counts[i * concepts + j] / 40;
            const r1 = incorrect.counts[i * concepts + j] / 40;
            const cell =
              kind === "cosine"
                ? (h * (r1 / norm(incorrect) - r0 / norm(correct))) / Math.sqrt(trueCells)
                : (Math.abs(h - r0) - Math.abs(h - r1)) / (concepts * (concepts - 1));
            shares[i] += cell / 2;
            shares[j] += cell / 2;
          }
        // By size, not by name: two concepts may tie to within rounding.
        const sizes = Array.from(shares, Math.abs).sort((a, b) => b - a);
        const verdict = detector.checkStrengths(input, 0);
        verdict.concepts.forEach(({ contribution }, k) => {
          expect(Math.abs(contribution)).toBeCloseTo(sizes[k], 12);
        });
        expect(new Set(verdict.concepts.map(({ concept }) => concept)).size).toBe(VERDICT_CONCEPTS);
        for (const { concept, contribution } of verdict.concepts)
          expect(contribution).toBeCloseTo(shares[concept], 12);
      }
    },
  );

  it("name the lower concept first among equals", () => {
    // Both references are the same, so nobody contributes anything.
    const one = countHeatmap(matrix(1, 6, Float32Array.of(6, 5, 4, 3, 2, 1)));
    const detector = new Detector({ ...model(), references: [reference(one, one), reference(one, one)] });
    const { concepts, score } = detector.checkStrengths(Float32Array.of(1, 2, 3, 4, 5, 6), 0);
    expect(score).toBe(0);
    expect(concepts.map(({ concept }) => concept)).toEqual([0, 1, 2, 3, 4]);
  });

  it("depend on the order of strengths alone", () => {
    const detector = calibrateDetector({ ...world, ...names });
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 6, maxLength: 6 }), (values) => {
        const straight = detector.checkStrengths(Float32Array.from(values), 0);
        expect(
          detector.checkStrengths(
            Float32Array.from(values, (value) => 2 * value - 5),
            0,
          ),
        ).toEqual(straight);
      }),
    );
  });

  it("come out the same alone, in a batch, and in a verdict that is written over", () => {
    const detector = calibrateDetector({ ...world, ...names });
    const scores = detector.scores(world.strengths, world.predictions);
    const verdict = emptyVerdict();
    for (let row = 0; row < 50; row++) {
      const input = world.strengths.data.subarray(6 * row, 6 * row + 6);
      const fresh = detector.checkStrengths(input, world.predictions[row]);
      expect(fresh.score).toBe(scores[row]);
      expect(detector.checkStrengths(input, world.predictions[row], verdict)).toBe(verdict);
      expect(verdict).toEqual(fresh);
    }
  });

  it("need no more memory once warm", () => {
    const detector = calibrateDetector({ ...world, ...names });
    const verdict = emptyVerdict();
    const input = world.strengths.data.subarray(0, 6);
    const check = (times: number) => {
      for (let k = 0; k < times; k++) detector.checkStrengths(input, 0, verdict);
    };
    check(20_000);
    const before = process.memoryUsage().heapUsed;
    check(100_000);
    // 100,000 verdicts would be some 40 MB.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(8e6);
  });

  it("stay the same when weights are dropped and made again", () => {
    const roomy = calibrateDetector({ ...world, ...names });
    const tight = new Detector(roomy.model, 1);
    expect(tight.scores(world.strengths, world.predictions)).toEqual(
      roomy.scores(world.strengths, world.predictions),
    );
  });
});

describe("calibration", () => {
  it("tells wrong answers from right ones on fresh inputs", () => {
    const detector = calibrateDetector({ ...calibrationWorld(2000, 1), ...names });
    const fresh = calibrationWorld(2000, 2);
    const scores = detector.scores(fresh.strengths, fresh.predictions);
    const flagged = [0, 0];
    const total = [0, 0];
    for (let row = 0; row < 2000; row++) {
      const wrong = fresh.labels[row] === fresh.predictions[row] ? 0 : 1;
      total[wrong]++;
      if (scores[row] > detector.model.references[fresh.predictions[row]].threshold) flagged[wrong]++;
    }
    expect(flagged[0] / total[0]).toBeLessThan(0.1);
    expect(flagged[1] / total[1]).toBeGreaterThan(0.4);
  });

  it("builds references from all inputs for the rule zero, from all incorrect and half of the correct ones else", () => {
    const correct = world.labels.filter((label, k) => label === world.predictions[k]).length;
    const zero = calibrateDetector({ ...world, ...names }, { rule: { kind: "zero" } }).model;
    const conformal = calibrateDetector({ ...world, ...names }).model;
    const inputs = ({ references }: DetectorModel, side: "correct" | "incorrect") =>
      references.reduce((sum, one) => sum + one[side].inputs, 0);
    expect(inputs(zero, "correct")).toBe(correct);
    expect(inputs(zero, "incorrect")).toBe(600 - correct);
    expect(inputs(conformal, "incorrect")).toBe(600 - correct);
    expect(inputs(conformal, "correct")).toBe(Math.ceil(correct / 2));
    expect(conformal.references.reduce((sum, { thresholdInputs }) => sum + thresholdInputs, 0)).toBe(
      Math.floor(correct / 2),
    );
    for (const one of zero.references)
      expect(one).toMatchObject({ threshold: 0, thresholdInputs: 0, thresholdShared: false });
    for (const one of conformal.references) expect(one.thresholdShared).toBe(false);
    expect(conformal).toMatchObject({
      similarity: "cosine",
      rule: { kind: "conformal", alpha: 0.05, scope: "class" },
      minimumInputs: 10,
      seed: 0,
      ...names,
    });
    // Groups by prediction: incorrect inputs of class x are labelled y.
    const rows = Array.from({ length: 600 }, (_, k) => k).filter(
      (k) => world.predictions[k] === 0 && world.labels[k] === 1,
    );
    expect(zero.references[0].incorrect).toEqual(countHeatmap(world.strengths, rows));
  });

  it("can keep the win rates of concepts alone", () => {
    const options = { rule: { kind: "zero" }, similarity: "l1" } as const;
    const pairwise = calibrateDetector({ ...world, ...names }, options).model;
    const classConcept = calibrateDetector(
      { ...world, ...names },
      { ...options, reference: "class-concept" },
    ).model;
    classConcept.references.forEach(({ correct, incorrect }, k) => {
      expect(correct).toEqual(winRateHeatmap(pairwise.references[k].correct));
      expect(incorrect).toEqual(winRateHeatmap(pairwise.references[k].incorrect));
    });
    expect(classConcept.references[0].correct).not.toEqual(pairwise.references[0].correct);
  });

  it("falls to 0 in cosine and jaccard where all strengths were equal", () => {
    const level = countHeatmap(matrix(1, 6, new Float32Array(6)));
    for (const kind of ["cosine", "jaccard"] as const) {
      const detector = new Detector({
        ...model(),
        similarity: kind,
        references: [reference(level, level), reference(level, level)],
      });
      for (const input of [new Float32Array(6), Float32Array.of(1, 2, 3, 4, 5, 6)])
        expect(detector.checkStrengths(input, 0)).toMatchObject({
          similarityToCorrect: 0,
          score: 0,
          verdict: "OK",
        });
    }
  });

  it("is decided by the seed", () => {
    const thresholds = (seed: number) =>
      calibrateDetector({ ...world, ...names }, { seed }).model.references.map(({ threshold }) => threshold);
    expect(thresholds(3)).toEqual(thresholds(3));
    expect(thresholds(3)).not.toEqual(thresholds(4));
  });

  it("shares one threshold over all classes, or among those with too little data", () => {
    const pooled = calibrateDetector(
      { ...world, ...names },
      { rule: { kind: "conformal", alpha: 0.05, scope: "pooled" } },
    ).model.references;
    expect(pooled[0].threshold).toBe(pooled[1].threshold);
    expect(pooled.every(({ thresholdShared }) => thresholdShared)).toBe(true);

    // A third class, seldom seen, and a fourth, never: they share, and have too little for 1 %.
    const rare = Array.from(world.predictions, (prediction, k) => (k % 60 === 0 ? 2 : prediction));
    const labels = Array.from(world.labels, (label, k) => (k % 60 === 0 ? 2 : label));
    const four = {
      ...world,
      labels,
      predictions: rare,
      concepts: names.concepts,
      classes: ["x", "y", "z", "w"],
    };
    const { references } = calibrateDetector(four, {
      rule: { kind: "conformal", alpha: 0.05, scope: "class" },
    }).model;
    expect(references.map(({ thresholdShared }) => thresholdShared)).toEqual([false, false, true, true]);
    expect(references[2].threshold).toBe(Number.POSITIVE_INFINITY);
    expect(references[3]).toMatchObject({
      threshold: Number.POSITIVE_INFINITY,
      thresholdInputs: references[2].thresholdInputs,
    });
    expect(references[0].threshold).toBeLessThan(1);
  });

  it("gives classes with too little data the threshold of their scores together", () => {
    // Two rare classes of 20 inputs each: too few alone at 10 %, enough together.
    const rare = (values: Uint8Array) => Array.from(values, (value, k) => (k < 40 ? 2 + (k % 2) : value));
    const input = { ...world, labels: rare(world.labels), predictions: rare(world.predictions) };
    const { references } = calibrateDetector(
      { ...input, concepts: names.concepts, classes: ["x", "y", "z", "w"] },
      { rule: { kind: "conformal", alpha: 0.1, scope: "class" } },
    ).model;
    expect(references.map(({ thresholdShared }) => thresholdShared)).toEqual([false, false, true, true]);
    expect(references[2].thresholdInputs).toBeGreaterThanOrEqual(9);
    expect(references[2].threshold).toBeLessThan(1);
    expect(references[3]).toMatchObject({
      threshold: references[2].threshold,
      thresholdInputs: references[2].thresholdInputs,
    });
  });

  it("accepts the ends of its options", () => {
    const detector = calibrateDetector({ ...world, ...names }, { minimumInputs: 1, seed: 0xffffffff });
    expect(detector.model).toMatchObject({ minimumInputs: 1, seed: 0xffffffff });
  });

  it("falls back to the pooled reference under the minimum, and says so", () => {
    const rare = Array.from(world.predictions, (prediction, k) => (k < 9 ? 2 : prediction));
    const labels = Array.from(world.labels, (label, k) => (k < 4 ? 2 : label));
    const three = { ...world, labels, predictions: rare, concepts: names.concepts, classes: ["x", "y", "z"] };
    const options = { rule: { kind: "zero" } as const };
    const detector = calibrateDetector(three, options);
    expect(detector.fallback(0)).toEqual({ correct: false, incorrect: false });
    expect(detector.fallback(2)).toEqual({ correct: true, incorrect: true });
    const input = world.strengths.data.subarray(0, 6);
    const verdict = detector.checkStrengths(input, 2);
    expect(verdict.fallback).toBe(true);
    const pooled = (side: "correct" | "incorrect") =>
      mergeHeatmaps(detector.model.references.map((one) => one[side]));
    expect(verdict.similarityToIncorrect).toBeCloseTo(similarity("cosine", input, pooled("incorrect")), 12);
    expect(verdict.similarityToCorrect).toBeCloseTo(similarity("cosine", input, pooled("correct")), 12);
    // 4 correct and 5 incorrect inputs of class z.
    expect(calibrateDetector(three, { ...options, minimumInputs: 5 }).fallback(2)).toEqual({
      correct: true,
      incorrect: false,
    });
    expect(calibrateDetector(three, { ...options, minimumInputs: 5 }).checkStrengths(input, 2).fallback).toBe(
      true,
    );
    expect(calibrateDetector(three, { ...options, minimumInputs: 4 }).fallback(2)).toEqual({
      correct: false,
      incorrect: false,
    });
  });

  it("refuses what cannot make a detector", () => {
    const input = { ...world, ...names };
    const rows = (keep: (k: number) => boolean) => {
      const kept = Array.from({ length: 600 }, (_, k) => k).filter(keep);
      return {
        ...names,
        strengths: selectRows(world.strengths, kept),
        labels: kept.map((k) => world.labels[k]),
        predictions: kept.map((k) => world.predictions[k]),
      };
    };
    const right = (k: number) => world.labels[k] === world.predictions[k];
    expect(() => calibrateDetector(rows(right))).toThrow("references: hold no incorrect input");
    expect(() => calibrateDetector(rows((k) => !right(k)))).toThrow("hold no correct input");
    expect(() => calibrateDetector({ ...input, concepts: ["a"] })).toThrow("concepts");
    expect(() => calibrateDetector({ ...input, labels: [0] })).toThrow("labels");
    expect(() => calibrateDetector({ ...input, predictions: [0] })).toThrow("predictions");
    for (const wrong of [-1, 2, 0.5]) {
      expect(() => calibrateDetector({ ...input, labels: with5(wrong) })).toThrow(`labels[5]: is ${wrong}`);
      expect(() => calibrateDetector({ ...input, predictions: with5(wrong) })).toThrow(
        `predictions[5]: is ${wrong}`,
      );
    }
    for (const options of [
      { minimumInputs: 0 },
      { minimumInputs: 1.5 },
      { seed: -1 },
      { seed: 0.5 },
      { seed: 2 ** 32 },
    ])
      expect(() => calibrateDetector(input, options)).toThrow(InvalidInputError);
    expect(() => calibrateDetector(input, { rule: { kind: "conformal", alpha: 0, scope: "class" } })).toThrow(
      "alpha",
    );
  });
});

describe("explain", () => {
  it("lists the orders that speak for a defect, largest difference first", () => {
    const detector = calibrateDetector({ ...world, ...names }, { rule: { kind: "zero" } });
    // Predicted x, but the concepts of y are stronger.
    const input = Float32Array.of(0.1, 0.7, 0.2, 0.8, 0.3, 0.9);
    const cells = detector.explain(input, 0);
    const { correct, incorrect } = detector.model.references[0];
    const expected: { stronger: number; weaker: number; difference: number }[] = [];
    for (let i = 0; i < 6; i++)
      for (let j = 0; j < 6; j++) {
        const difference =
          incorrect.counts[i * 6 + j] / incorrect.inputs - correct.counts[i * 6 + j] / correct.inputs;
        if (input[i] > input[j] && difference > 0) expected.push({ stronger: i, weaker: j, difference });
      }
    expected.sort((a, b) => b.difference - a.difference);
    expect(cells.map(({ stronger, weaker }) => [stronger, weaker])).toEqual(
      expected.slice(0, 10).map(({ stronger, weaker }) => [stronger, weaker]),
    );
    expect(cells[0].incorrectMean - cells[0].correctMean).toBeCloseTo(expected[0].difference, 15);
    // Odd concepts belong to y.
    expect(cells[0].stronger % 2).toBe(1);
    expect(cells[0].weaker % 2).toBe(0);
    expect(detector.explain(input, 0, 2)).toEqual(cells.slice(0, 2));
    expect(detector.explain(input, 0, 100)).toHaveLength(expected.length);
    expect(expected.length).toBeLessThan(15);
    // Ties speak neither way.
    expect(detector.explain(new Float32Array(6), 0, 100)).toEqual([]);
    expect(() => detector.explain(input.subarray(1), 0)).toThrow("strengths");
  });
});

describe("check", () => {
  const embedding = calibrationEmbedding();

  it("reads a raw embedding and answers to the bit like the pipeline", () => {
    const detector = calibrateDetector({ ...world, ...names, embedding });
    const uniform = random(5);
    const raw = matrix(20, 3);
    for (let k = 0; k < raw.data.length; k++) raw.data[k] = uniform() - 0.5;
    const batch = strengthsOf(applyAlignment(embedding.alignment, raw), embedding.conceptVectors);
    const scores = detector.scores(
      batch,
      Array.from({ length: 20 }, (_, k) => k % 2),
    );
    for (let row = 0; row < 20; row++) {
      const one = raw.data.subarray(3 * row, 3 * row + 3);
      expect(detector.strengths(one)).toEqual(batch.data.slice(6 * row, 6 * row + 6));
      expect(detector.check(one, row % 2).score).toBe(scores[row]);
    }
  });

  it("refuses what does not fit", () => {
    const plain = calibrateDetector({ ...world, ...names });
    expect(() => plain.check(new Float32Array(3), 0)).toThrow("detector: carries no alignment");
    const detector = calibrateDetector({ ...world, ...names, embedding });
    expect(() => detector.check(new Float32Array(2), 0)).toThrow("embedding");
    for (const predicted of [-1, 2, 0.5]) {
      expect(() => detector.checkStrengths(new Float32Array(6), predicted)).toThrow(
        `predictedClass: is ${predicted}`,
      );
      expect(() => detector.fallback(predicted)).toThrow("0 to 1");
    }
    expect(() => detector.checkStrengths(new Float32Array(5), 0)).toThrow("strengths");
    expect(() => detector.checkStrengths(Float32Array.of(0, 1, 2, Number.NaN, 4, 5), 0)).toThrow(
      "strengths[3]",
    );
    expect(() => detector.scores(matrix(1, 5), [0])).toThrow("strengths");
    expect(() => detector.scores(matrix(1, 6), [])).toThrow("predictions");
    for (const conceptVectors of [matrix(5, 4), matrix(6, 3)])
      expect(() =>
        calibrateDetector({ ...world, ...names, embedding: { ...embedding, conceptVectors } }),
      ).toThrow("embedding.conceptVectors");
  });

  it("refuses references that do not fit the names", () => {
    const one = countHeatmap(matrix(1, 6, Float32Array.of(6, 5, 4, 3, 2, 1)));
    expect(() => new Detector({ ...model(), references: [reference(one, one)] })).toThrow("references");
    const five = countHeatmap(matrix(1, 5, Float32Array.of(5, 4, 3, 2, 1)));
    const small = { ...model(), references: [reference(five, five), reference(five, five)] };
    expect(() => new Detector(small)).toThrow("references");
    const mixed = { ...model(), references: [reference(one, five), reference(one, five)] };
    expect(() => new Detector(mixed)).toThrow("references");
    const empty = {
      ...model(),
      references: [reference(one, emptyHeatmap(6)), reference(one, emptyHeatmap(6))],
    };
    expect(() => new Detector(empty)).toThrow("incorrect");
  });
});

describe("the artifact's bytes", () => {
  it("are the same for the same calibration", () => {
    expect(bytesOfDetector(1)).toEqual(bytesOfDetector(1));
    expect(bytesOfDetector(1)).not.toEqual(bytesOfDetector(2));
  });
});

function with5(value: number): number[] {
  return Array.from(world.labels, (label, k) => (k === 5 ? value : label));
}

function columns(data: Float32Array, from: number, to: number): Float32Array {
  return data.filter((_, k) => k % from < to);
}

function reference(correct: HeatmapCounts, incorrect: HeatmapCounts) {
  return { correct, incorrect, threshold: 0, thresholdInputs: 0, thresholdShared: false };
}

function model(): Omit<DetectorModel, "references"> {
  return { ...names, similarity: "cosine", rule: { kind: "zero" }, minimumInputs: 1, seed: 0 };
}

function calibrationEmbedding() {
  const uniform = random(31);
  const alignment: Alignment = {
    inputWidth: 3,
    outputWidth: 4,
    weights: Float64Array.from({ length: 12 }, () => uniform() - 0.5),
    bias: Float64Array.from({ length: 4 }, () => uniform() - 0.5),
    lambda: 0.1,
    rank: 3,
    conditionNumber: 2,
    degreesOfFreedom: 4,
    inputs: 50,
  };
  const conceptVectors = matrix(6, 4);
  for (let k = 0; k < 24; k++) conceptVectors.data[k] = uniform() - 0.5;
  return { alignment, conceptVectors };
}
