import { calibrateDetector, exportDetector, matrix, random } from "../../src/index.ts";

export const names = { concepts: ["a", "b", "c", "d", "e", "f"], classes: ["x", "y"] };

/** Two classes, six concepts (even ones belong to x, odd ones to y); a fifth of the answers is wrong. */
export function calibrationWorld(inputs: number, seed: number) {
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

export function bytesOfDetector(seed: number): string {
  return JSON.stringify(
    exportDetector(calibrateDetector({ ...calibrationWorld(300, 1), ...names }, { seed })),
  );
}
