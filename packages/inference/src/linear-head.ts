import { type LinearHead, matrix } from "@faultline/core";
import type { HeadSession } from "./head.ts";

/** Largest difference, relative to the sum of its terms, between a logit and what weights and bias make of it. */
const tolerance = 1e-4;

/**
 * Weights and bias of a head, measured: the logits of the zero vector and of the d unit vectors. Null when it is not
 * linear, which shows on two further vectors of both signs, where a kink would be.
 */
export async function readLinearHead(head: HeadSession): Promise<LinearHead | null> {
  const { width, classCount: classes } = head;
  const probes = matrix(width + 3, width);
  for (let i = 0; i < width; i++) {
    probes.data[(i + 1) * width + i] = 1;
    probes.data[(width + 1) * width + i] = ((i * 7919) % 13) - 6;
    probes.data[(width + 2) * width + i] = 6 - ((i * 104729) % 11);
  }
  const { data } = await head.run(probes);
  const bias = Float64Array.from(data.subarray(0, classes));
  const weights = new Float64Array(classes * width);
  for (let k = 0; k < classes; k++)
    for (let i = 0; i < width; i++) weights[k * width + i] = data[(i + 1) * classes + k] - bias[k];
  for (const probe of [width + 1, width + 2])
    for (let k = 0; k < classes; k++) {
      let logit = bias[k];
      let size = Math.abs(bias[k]);
      for (let i = 0; i < width; i++) {
        const term = weights[k * width + i] * probes.data[probe * width + i];
        logit += term;
        size += Math.abs(term);
      }
      if (!(Math.abs(logit - data[probe * classes + k]) <= tolerance * (size + 1))) return null;
    }
  return { weights, bias };
}
