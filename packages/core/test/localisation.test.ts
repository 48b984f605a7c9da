import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Fault,
  faultReport,
  localise,
  oracleAgreement,
  oracleErrorOnCorrect,
  wilsonInterval,
} from "../src/index.ts";

const answers = (...margins: number[]) => ({
  classes: new Int32Array(margins.length),
  margins: Float64Array.from(margins),
});

describe("localise", () => {
  const margins = { oracle: 0.1, vlm: 0.2 };
  const one = (oracle: number, vlm: number, prediction = 1): Fault =>
    localise(
      { labels: [0], predictions: [prediction], oracle: answers(oracle), vlm: answers(vlm) },
      margins,
    )[0];

  it("blames the head when the encoder kept the meaning, else the encoder", () => {
    expect(one(0.3, 0.3)).toBe("HEAD");
    expect(one(-0.3, 0.3)).toBe("ENCODER");
    expect(one(0.1, 0.2)).toBe("HEAD");
    expect(one(-0.1, 0.2)).toBe("ENCODER");
  });

  it("never guesses", () => {
    expect(one(0.3, -0.3)).toBe("UNDECIDED"); // the VLM sees another class
    expect(one(-0.3, -0.3)).toBe("UNDECIDED");
    expect(one(0.3, 0.19)).toBe("UNDECIDED"); // the VLM is not sure
    expect(one(0.09, 0.3)).toBe("UNDECIDED"); // a(x) lies near the border
    expect(one(-0.09, 0.3)).toBe("UNDECIDED");
    expect(one(Number.NaN, 0.3)).toBe("UNDECIDED");
    expect(one(0.3, Number.NaN)).toBe("UNDECIDED");
  });

  it("a tie is not a yes, even without margins", () => {
    const tied = { labels: [0], predictions: [1], oracle: answers(0), vlm: answers(0.5) };
    expect(localise(tied, { oracle: 0, vlm: 0 })).toEqual(["ENCODER"]);
    expect(localise({ ...tied, vlm: answers(0) }, { oracle: 0, vlm: 0 })).toEqual(["UNDECIDED"]);
  });

  it("finds no fault in a correct answer", () => expect(one(-0.9, -0.9, 0)).toBe("NONE"));

  it("asks a kept meaning to be as clear as the class's correct inputs, where that is known", () => {
    const at = (margin: number) =>
      localise(
        { labels: [1], predictions: [0], oracle: answers(margin), vlm: answers(0.9) },
        { ...margins, kept: [0.9, 0.4] },
      )[0];
    expect(at(0.4)).toBe("HEAD");
    expect(at(0.39)).toBe("UNDECIDED");
    expect(at(-0.1)).toBe("ENCODER");
    expect(at(-0.09)).toBe("UNDECIDED");
  });

  it("a margin out of reach leaves everything undecided", () => {
    const inputs = { labels: [0], predictions: [1], oracle: answers(0.9), vlm: answers(0.9) };
    expect(localise(inputs, { oracle: Number.POSITIVE_INFINITY, vlm: 0 })).toEqual(["UNDECIDED"]);
  });

  it("refuses other lengths and margins", () => {
    const inputs = { labels: [0], predictions: [1], oracle: answers(1), vlm: answers(1) };
    expect(() => localise({ ...inputs, predictions: [] }, margins)).toThrow(/predictions/);
    expect(() => localise({ ...inputs, oracle: answers() }, margins)).toThrow(/oracle.margins/);
    expect(() => localise({ ...inputs, vlm: answers() }, margins)).toThrow(/vlm.margins/);
    expect(() => localise(inputs, { oracle: -1, vlm: 0 })).toThrow(/margins.oracle/);
    expect(() => localise(inputs, { oracle: 0, vlm: Number.NaN })).toThrow(/margins.vlm/);
  });
});

describe("faultReport", () => {
  const labels = [0, 0, 0, 1, 1, 2, 2];
  const predictions = [1, 1, 2, 1, 0, 2, 0];
  const faults: Fault[] = ["ENCODER", "HEAD", "UNDECIDED", "NONE", "HEAD", "NONE", "ENCODER"];

  it("counts per pair, per true class and overall, with Wilson intervals", () => {
    const report = faultReport(labels, predictions, faults, 3);
    expect(report.overall).toMatchObject({ inputs: 5, encoder: 2, head: 2, undecided: 1 });
    expect(report.overall.shares.encoder).toEqual(wilsonInterval(2, 5));
    expect(report.overall.shares.head).toEqual(wilsonInterval(2, 5));
    expect(report.overall.shares.undecided).toEqual(wilsonInterval(1, 5));
    expect(report.byTrueClass.map((shares) => shares.inputs)).toEqual([3, 1, 1]);
    expect(
      report.pairs.map(({ trueClass, predictedClass, inputs }) => [trueClass, predictedClass, inputs]),
    ).toEqual([
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 1],
      [2, 0, 1],
    ]);
    expect(report.pairs[0]).toMatchObject({ encoder: 1, head: 1, undecided: 0 });
    expect(faultReport(labels, predictions, faults, 3, { confidence: 0.5 }).overall.shares.head).toEqual(
      wilsonInterval(2, 5, 0.5),
    );
  });

  it("of some rows counts these alone, and nothing is left of none", () => {
    const report = faultReport(labels, predictions, faults, 3, { rows: [6, 3, 4] });
    expect(report.overall).toMatchObject({ inputs: 2, encoder: 1, head: 1 });
    const none = faultReport(labels, predictions, faults, 3, { rows: [] });
    expect(none.pairs).toEqual([]);
    expect(none.overall.shares.head).toEqual({ value: Number.NaN, low: 0, high: 1 });
  });

  it("adds up", () => {
    const fault = fc.constantFrom<Fault>("ENCODER", "HEAD", "UNDECIDED");
    const input = fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 }), fault);
    fc.assert(
      fc.property(fc.array(input), (inputs) => {
        const report = faultReport(
          inputs.map(([label]) => label),
          inputs.map(([, prediction]) => prediction),
          inputs.map(([label, prediction, found]) => (label === prediction ? "NONE" : found)),
          4,
        );
        for (const name of ["inputs", "encoder", "head", "undecided"] as const) {
          const total = (list: readonly { [key in typeof name]: number }[]) =>
            list.reduce((sum, entry) => sum + entry[name], 0);
          expect(total(report.pairs)).toBe(report.overall[name]);
          expect(total(report.byTrueClass)).toBe(report.overall[name]);
        }
      }),
    );
  });

  it("refuses other lengths and classes", () => {
    expect(() => faultReport(labels, [0], faults, 3)).toThrow(/predictions: has 1/);
    expect(() => faultReport(labels, predictions, [], 3)).toThrow(/faults: has 0/);
    expect(() => faultReport(labels, predictions, faults, 2)).toThrow(/\[2\]|\[6\]/);
    expect(() => faultReport([9], [0], ["HEAD"], 3)).toThrow(/labels\[0\]/);
  });
});

describe("oracleErrorOnCorrect", () => {
  it("counts the correct inputs on which the oracle does not say the true class", () => {
    const error = oracleErrorOnCorrect({
      labels: [0, 0, 0, 1, 1],
      predictions: [0, 0, 0, 1, 0],
      oracle: answers(0.2, -0.1, Number.NaN, 0, -0.5),
      vlm: answers(1, 1, 1, 1, 1),
    });
    expect(error).toEqual(wilsonInterval(2, 3));
  });
});

describe("oracleAgreement", () => {
  const text: Fault[] = ["HEAD", "ENCODER", "UNDECIDED", "NONE", "HEAD"];

  it("counts what changes between variants", () => {
    const agreement = oracleAgreement({
      "vlm-image": ["HEAD", "HEAD", "UNDECIDED", "NONE", "HEAD"],
      "class-text": text,
      "class-heatmap": ["ENCODER", "UNDECIDED", "UNDECIDED", "NONE", "HEAD"],
    });
    expect(agreement).toEqual({
      misclassified: 4,
      changed: 2,
      changedShare: 0.5,
      variants: [
        { variant: "class-text", localised: 3, changed: 0 },
        { variant: "class-heatmap", localised: 2, changed: 2 },
        { variant: "vlm-image", localised: 3, changed: 1 },
      ],
    });
  });

  it("works with one variant, none misclassified, and refuses other lengths", () => {
    expect(oracleAgreement({ "class-text": text })).toMatchObject({ changed: 0, misclassified: 4 });
    expect(oracleAgreement({ "class-text": ["NONE"] }).changedShare).toBeNaN();
    expect(() => oracleAgreement({ "class-text": text, "vlm-image": [] })).toThrow(/vlm-image: has 0/);
  });
});
