import { decodeArrays, encodeArrays } from "../encoding.ts";
import { InvalidInputError, requireSize } from "../errors.ts";
import type { Alignment } from "./apply.ts";

const KIND = "faultline.alignment.1";

/** The alignment as bytes (float64 throughout: decoding gives the same map to the bit). */
export function encodeAlignment(a: Alignment): Uint8Array {
  const { inputWidth, outputWidth, lambda, rank, conditionNumber, degreesOfFreedom, inputs } = a;
  return encodeArrays(KIND, [
    Float64Array.of(inputWidth, outputWidth, lambda, rank, conditionNumber, degreesOfFreedom, inputs),
    a.weights,
    a.bias,
  ]);
}

/** The alignment that `encodeAlignment` wrote. Throws InvalidInputError on other bytes. */
export function decodeAlignment(bytes: Uint8Array): Alignment {
  const arrays = decodeArrays(KIND, bytes);
  requireSize("alignment", arrays.length, 3, "arrays");
  const [numbers, weights, bias] = arrays;
  requireSize("alignment", numbers.length, 7, "numbers");
  const [inputWidth, outputWidth, lambda, rank, conditionNumber, degreesOfFreedom, inputs] = numbers;
  for (const [field, width] of Object.entries({ inputWidth, outputWidth }))
    if (!Number.isSafeInteger(width) || width < 1)
      throw new InvalidInputError(`alignment.${field}`, `is ${width}`, "Pass the untouched bytes.");
  requireSize("alignment.weights", weights.length, inputWidth * outputWidth, "values");
  requireSize("alignment.bias", bias.length, outputWidth, "values");
  return {
    inputWidth,
    outputWidth,
    weights,
    bias,
    lambda,
    rank,
    conditionNumber,
    degreesOfFreedom,
    inputs,
  };
}
