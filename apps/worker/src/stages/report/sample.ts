import { permutation, random } from "@faultline/core";

/** At most `limit` of the values, drawn by the seed, in their own order. */
export function sample(values: Uint32Array, limit: number, seed: number): Uint32Array {
  if (values.length <= limit) return values;
  const chosen = permutation(values.length, random(seed)).slice(0, limit).sort();
  return chosen.map((i) => values[i]);
}
