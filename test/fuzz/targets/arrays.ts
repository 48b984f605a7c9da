import { matrix } from "@faultline/core";
import {
  encodeNpy,
  encodeNpz,
  encodeSafetensors,
  InvalidArrayError,
  npyHeader,
  readMatrix,
  readNumbers,
} from "@faultline/inference";
import { zipSync } from "fflate";
import type { FuzzTarget } from "../fuzz-target.ts";
import { mutated } from "../mutation.ts";

const values = matrix(
  5,
  3,
  Float32Array.from({ length: 15 }, (_, i) => i - 7.5),
);
const other = matrix(1, 2, Float32Array.of(1, 2));
const isTyped = (error: unknown) => error instanceof InvalidArrayError;

/** As a matrix and as numbers, named and not. */
async function readAll(bytes: Uint8Array): Promise<void> {
  const field = "array";
  const outcomes = await Promise.allSettled([
    readMatrix(bytes, { field }),
    readMatrix(bytes, { field, name: "values", expected: { rows: 5 } }),
    readNumbers(bytes, { field }),
  ]);
  for (const outcome of outcomes)
    if (outcome.status === "rejected" && !isTyped(outcome.reason)) throw outcome.reason;
}

const npys = [
  encodeNpy(values),
  Buffer.concat([npyHeader("f8", [2, 2]), new Uint8Array(Float64Array.of(1, 2, 3, 4).buffer)]),
  Buffer.concat([npyHeader("u1", [4]), Uint8Array.of(1, 2, 3, 4)]),
  Buffer.concat([npyHeader("i8", [1, 1]), new Uint8Array(8)]),
];

const safetensors = [
  encodeSafetensors({ values }),
  encodeSafetensors({ values, other }),
  encodeSafetensors({}),
];

/** The length before the header is made that of what looks like one. */
function withHeaderLength(bytes: Uint8Array): Uint8Array {
  const file = Buffer.from(bytes);
  const end = file.lastIndexOf("}}") + 2;
  if (file.length >= 8 && end > 8) file.writeBigUInt64LE(BigInt(end - 8), 0);
  return file;
}

export const arrayTargets: readonly FuzzTarget[] = [
  { name: "npy", input: mutated(npys), run: readAll, isTyped },
  { name: "safetensors", input: mutated(safetensors, withHeaderLength), run: readAll, isTyped },
  {
    name: "npz",
    input: mutated([
      encodeNpz({ values }),
      encodeNpz({ values, other }),
      zipSync({ "values.npy": encodeNpy(values) }),
    ]),
    run: readAll,
    isTyped,
  },
];
