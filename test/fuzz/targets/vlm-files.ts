import {
  createTokenizer,
  InvalidInputError,
  PreprocessingSpec,
  preprocessImage,
  TokenizerSpec,
} from "@faultline/inference";
import fc from "fast-check";
import { ZodError } from "zod";
import type { FuzzTarget } from "../fuzz-target.ts";
import { mutated, mutatedJson } from "../mutation.ts";
import { pictures } from "./seed-pictures.ts";

const word = {
  type: "word",
  vocabulary: { "[pad]": 0, "[unk]": 1, a: 2, photo: 3 },
  contextLength: 8,
  lowercase: true,
  padToken: "[pad]",
  unknownToken: "[unk]",
};
const clip = {
  type: "clip-bpe",
  vocabulary: { "<|startoftext|>": 0, "<|endoftext|>": 1, a: 2, "a</w>": 3, b: 4, "b</w>": 5, "ab</w>": 6 },
  merges: ["a b</w>"],
  contextLength: 77,
  padId: 0,
};
const preprocessing = {
  width: 8,
  height: 6,
  resize: "shortest-edge",
  interpolation: "bicubic",
  mean: [0.5, 0.4, 0.3],
  standardDeviation: [0.2, 0.2, 0.2],
};
const isTyped = (error: unknown) => error instanceof ZodError || error instanceof InvalidInputError;
const jsonOf = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    // Whoever reads the file says that it is no JSON.
    return undefined;
  }
};
const phrases = ["a photo of a b", "", "ab ab ab", "é!'s", "x".repeat(500)];

export const vlmFileTargets: readonly FuzzTarget[] = [
  {
    name: "tokenizer",
    input: fc.oneof(mutatedJson([word, clip]), mutated([Buffer.from(JSON.stringify(clip))])),
    run: (bytes) => {
      const tokenizer = createTokenizer(TokenizerSpec.parse(jsonOf(bytes)));
      for (const phrase of phrases)
        try {
          tokenizer.encode(phrase);
        } catch (error) {
          if (!isTyped(error)) throw error;
        }
    },
    isTyped,
  },
  {
    name: "preprocessing",
    cases: 20_000,
    input: fc.oneof(mutatedJson([preprocessing]), mutated([Buffer.from(JSON.stringify(preprocessing))])),
    run: async (bytes) => {
      const spec = PreprocessingSpec.parse(jsonOf(bytes));
      // A network of 4096×4096 is legitimate, and takes its time.
      if (spec.width * spec.height <= 256 * 256) await preprocessImage("a", pictures.jpeg, spec);
    },
    isTyped,
  },
];
