import { describe, expect, it } from "vitest";
import {
  AlignmentAccumulator,
  alignmentQuality,
  applyAlignment,
  calibrateOracle,
  classHeatmapScores,
  conceptFidelity,
  conceptVectors,
  correctFaultShares,
  detectionMetrics,
  faultReport,
  fitAlignment,
  groundTruthHeatmaps,
  localise,
  mspScores,
  oracleAgreement,
  oracleAnswers,
  oracleErrorOnCorrect,
  permutation,
  random,
  ranking,
  selectRows,
  strengths,
  vlmDisagreementScores,
} from "../src/index.ts";
import { clipDataIsHere, readClipData } from "./clip-data.ts";

const SUPERCLASSES = ["Animal", "Vehicle", "Aircraft", "Carnivore"];

describe.skipIf(!clipDataIsHere)("the method on real CLIP and real ResNets, 350 photographs", () => {
  const data = clipDataIsHere ? readClipData() : undefined!;
  const networks = ["resnet20", "resnet56"] as const;

  it("the zero-shot oracle is right on about 90 %", () => {
    const classVectors = conceptVectors(data.classTexts, 1);
    const { margins } = oracleAnswers(strengths(data.images, classVectors), data.labels);
    const accuracy = margins.filter((margin) => margin > 0).length / 350;
    expect(accuracy).toBeGreaterThan(0.89);
    expect(accuracy).toBeLessThan(0.92);
  });

  it.each(networks)("%s: a poor map that a plain cosine would call good", (name) => {
    const { embeddings } = data.network(name);
    let r2 = 0;
    let cosine = 0;
    let centred = 0;
    const splits = 10;
    for (let split = 0; split < splits; split++) {
      const order = permutation(350, random(split));
      const [fitting, held] = [order.slice(0, 250), order.slice(250)];
      const accumulator = new AlignmentAccumulator(64, 512);
      for (let from = 0; from < 250; from += 64)
        accumulator.add(
          selectRows(embeddings, fitting.slice(from, from + 64)),
          selectRows(data.images, fitting.slice(from, from + 64)),
        );
      const alignment = fitAlignment(accumulator);
      expect(alignment.rank).toBe(64);
      const quality = alignmentQuality(
        alignment,
        selectRows(embeddings, held),
        selectRows(data.images, held),
        accumulator.outputMean,
      );
      r2 += quality.r2 / splits;
      cosine += quality.meanCosine / splits;
      centred += quality.meanCentredCosine / splits;
    }
    expect(r2).toBeGreaterThan(0.2);
    expect(r2).toBeLessThan(0.28);
    expect(cosine).toBeGreaterThan(0.89);
    expect(cosine).toBeLessThan(0.92);
    expect(centred).toBeLessThan(0.6);
  });

  it.each(networks)("%s: localises its misclassifications through a cross-fitted map", (name) => {
    const { embeddings, logits, predictions } = data.network(name);
    const classVectors = conceptVectors(data.classTexts, 1);
    // Five folds: every input is read through a map that has not seen it.
    const fold = permutation(350, random(20250317)).map((place) => place % 5);
    const aligned = { rows: 350, columns: 512, data: new Float32Array(350 * 512) };
    for (let f = 0; f < 5; f++) {
      const rows = Uint32Array.from(fold.keys());
      const [fitting, held] = [rows.filter((i) => fold[i] !== f), rows.filter((i) => fold[i] === f)];
      const accumulator = new AlignmentAccumulator(64, 512).add(
        selectRows(embeddings, fitting),
        selectRows(data.images, fitting),
      );
      const mapped = applyAlignment(fitAlignment(accumulator), selectRows(embeddings, held));
      held.forEach((i, k) => {
        aligned.data.set(mapped.data.subarray(k * 512, (k + 1) * 512), i * 512);
      });
    }
    const classStrengths = strengths(aligned, classVectors);
    const oracle = oracleAnswers(classStrengths, data.labels);
    const vlm = oracleAnswers(strengths(data.images, classVectors), data.labels);
    const correct = Array.from(data.labels.keys()).filter((i) => predictions[i] === data.labels[i]);
    const margins = {
      oracle: calibrateOracle(oracle, correct).margin,
      vlm: calibrateOracle(vlm, correct).margin,
    };
    expect(margins.vlm).toBeGreaterThan(0);
    expect(margins.vlm).toBeLessThan(0.02);

    const inputs = { labels: data.labels, predictions, oracle, vlm };
    const faults = localise(inputs, margins);
    const { overall, pairs } = faultReport(data.labels, predictions, faults, 10);
    expect(overall.inputs).toBe(350 - correct.length);
    expect(overall.encoder).toBeGreaterThan(0);
    expect(overall.undecided).toBeGreaterThan(0);
    expect(overall.undecided).toBeLessThan(overall.inputs);
    expect(pairs.reduce((sum, pair) => sum + pair.inputs, 0)).toBe(overall.inputs);
    expect(oracleErrorOnCorrect(inputs).value).toBeLessThan(0.12);
    const corrected = correctFaultShares(inputs, margins, { classes: 10, seed: 1 });
    expect(corrected!.sensitivity).toBeGreaterThan(0.9);
    expect(corrected!.specificity).toBeGreaterThan(0.9);

    const references = groundTruthHeatmaps(
      selectRows(classStrengths, correct),
      correct.map((i) => data.labels[i]),
      10,
    );
    const heatmap = oracleAnswers(classHeatmapScores(classStrengths, references), data.labels);
    const heatmapMargin = calibrateOracle(heatmap, correct).margin;
    const agreement = oracleAgreement({
      "class-text": faults,
      "class-heatmap": localise({ ...inputs, oracle: heatmap }, { ...margins, oracle: heatmapMargin }),
      "vlm-image": localise({ ...inputs, oracle: vlm }, { oracle: margins.vlm, vlm: margins.vlm }),
    });
    expect(agreement.misclassified).toBe(overall.inputs);
    expect(agreement.changed).toBeGreaterThan(0);

    // What the head is unsure of and where the VLM disagrees both point at errors.
    const wrong = Uint8Array.from(predictions, (prediction, i) => (prediction === data.labels[i] ? 0 : 1));
    for (const scores of [mspScores(logits), vlmDisagreementScores(classStrengths, predictions)])
      expect(detectionMetrics(ranking(scores, wrong)).auroc).toBeGreaterThan(0.8);

    // Superclasses survive the map.
    const superclasses = conceptVectors(data.texts(SUPERCLASSES), 1);
    const fidelity = conceptFidelity(strengths(aligned, superclasses), strengths(data.images, superclasses));
    expect(Math.min(...fidelity)).toBeGreaterThan(0.3);
  });
});
