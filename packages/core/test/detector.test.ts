import { describe, expect, it } from "vitest";
import { calibrateDetector, exportDetector, importDetector, matrix, random } from "../src/index.ts";

/** Two classes, six concepts; a wrong answer shows the other class's order of concepts. */
function world(inputs: number, seed: number) {
  const uniform = random(seed);
  const strengths = matrix(inputs, 6);
  const labels = new Uint8Array(inputs);
  const predictions = new Uint8Array(inputs);
  for (let row = 0; row < inputs; row++) {
    labels[row] = uniform() < 0.5 ? 0 : 1;
    predictions[row] = uniform() < 0.2 ? 1 - labels[row] : labels[row];
    for (let c = 0; c < 6; c++)
      strengths.data[row * 6 + c] = (labels[row] === c % 2 ? 0.3 : 0) + uniform() * 0.6;
  }
  return { strengths, labels, predictions };
}
const names = { concepts: ["a", "b", "c", "d", "e", "f"], classes: ["x", "y"] };

describe("detector", () => {
  it("flags wrong answers more often than right ones, and the artifact answers alike", () => {
    const detector = calibrateDetector({ ...world(2000, 1), ...names });
    const fresh = world(2000, 2);
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
    const again = importDetector(JSON.stringify(exportDetector(detector)));
    expect(again.scores(fresh.strengths, fresh.predictions)).toEqual(scores);
  });
});
