import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import { z } from "zod";
import { InvalidInputError } from "./invalid-input.ts";

const START = "<|startoftext|>";
const END = "<|endoftext|>";

/** Bytes of a tokenizer's JSON: CLIP's has 1.5 MB. It is parsed, checked and indexed on the calling thread. */
export const MAX_TOKENIZER_BYTES = 4 * 2 ** 20;

const MAX_TOKENS = 131_072;

// Checked by one loop each, up to the first fault: zod's record and array take ten times as long, and gather every fault.
const vocabulary = z.custom<Record<string, number>>().superRefine((words, context) => {
  const refuse = (message: string) => context.addIssue({ code: "custom", message });
  if (typeof words !== "object" || words === null || Array.isArray(words))
    return refuse("is not an object of token ids");
  let tokens = 0;
  for (const [token, id] of Object.entries(words)) {
    if (++tokens > MAX_TOKENS) return refuse(`has more than ${MAX_TOKENS} tokens`);
    if (token.length > 256) return refuse(`has a token of ${token.length} characters, more than 256`);
    if (!Number.isInteger(id) || id < 0 || id > 0x7fffffff)
      return refuse(`has no whole number from 0 to 2147483647 as the id of "${token}"`);
  }
});
const merges = z.custom<string[]>().superRefine((list, context) => {
  const refuse = (message: string) => context.addIssue({ code: "custom", message });
  if (!Array.isArray(list)) return refuse("is not a list");
  if (list.length > MAX_TOKENS) return refuse(`has more than ${MAX_TOKENS} merges`);
  const wrong = list.findIndex(
    (merge) => typeof merge !== "string" || merge.length > 512 || !/^\S+ \S+$/u.test(merge),
  );
  if (wrong >= 0) refuse(`${wrong}: a merge is two tokens, one space between, of at most 512 characters`);
});
const contextLength = z.int().min(1).max(4096);

const WordTokenizerSpec = z
  .strictObject({
    type: z.literal("word"),
    vocabulary,
    contextLength,
    lowercase: z.boolean(),
    padToken: z.string().max(256),
    unknownToken: z.string().max(256),
  })
  .superRefine((spec, context) => {
    for (const field of ["padToken", "unknownToken"] as const)
      if (!Object.hasOwn(spec.vocabulary ?? {}, spec[field]))
        context.addIssue({
          code: "custom",
          path: [field],
          message: `"${spec[field]}" is not in the vocabulary`,
        });
  });

const ClipTokenizerSpec = z
  .strictObject({
    type: z.literal("clip-bpe"),
    vocabulary,
    merges,
    contextLength: contextLength.min(3).default(77),
    /** Id that fills up a sequence: 0 as OpenAI's CLIP has it (the default), 49407 in Hugging Face's. */
    padId: z.int().min(0).max(0x7fffffff).default(0),
  })
  .superRefine((spec, context) => {
    for (const token of [START, END])
      if (!Object.hasOwn(spec.vocabulary ?? {}, token))
        context.addIssue({ code: "custom", path: ["vocabulary"], message: `it lacks ${token}` });
  });

/**
 * How a phrase becomes token ids:
 *
 * - `word`: lower-cased if `lowercase`, split at everything that is neither letter nor digit ("long-snout" is two
 *   words), looked up in `vocabulary`, cut to `contextLength`, filled up on the right with `padToken`.
 * - `clip-bpe`: CLIP's byte-pair encoding between its start and end token; `vocabulary` and `merges` as in CLIP's
 *   vocab.json and merges.txt (without its version line). Text is NFC-normalised and lower-cased; OpenAI's HTML
 *   unescaping and ftfy repair are not done.
 */
export const TokenizerSpec = z.discriminatedUnion("type", [WordTokenizerSpec, ClipTokenizerSpec]);
export type TokenizerSpec = z.infer<typeof TokenizerSpec>;

export interface EncodedPhrase {
  /** contextLength token ids. */
  readonly ids: Int32Array;
  /** 1 where `ids` holds a token of the phrase, 0 where it is padding. */
  readonly mask: Int32Array;
  /** Words that the vocabulary lacks. The network cannot know them: worth a warning. */
  readonly unknownWords: readonly string[];
  /** Whether the phrase was longer than the context. */
  readonly truncated: boolean;
}

/** A phrase that has nothing to encode. */
export class EmptyPhraseError extends InvalidInputError {
  constructor(phrase: string) {
    super("phrase", `"${phrase}" has no letter or digit`, "Use a word or a phrase");
  }
}

export interface Tokenizer {
  readonly contextLength: number;
  /** @throws EmptyPhraseError when the phrase has no token. */
  encode(phrase: string): EncodedPhrase;
}

/** The tokenizer that `spec` describes. */
export function createTokenizer(spec: TokenizerSpec): Tokenizer {
  return spec.type === "word" ? wordTokenizer(spec) : clipTokenizer(spec);
}

/** The spec of CLIP's published tokenizer from the text of its vocab.json and merges.txt. */
export function clipTokenizerSpec(vocabJson: string, mergesText: string, length = 77): TokenizerSpec {
  const merges = mergesText.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("#version"));
  return ClipTokenizerSpec.parse({
    type: "clip-bpe",
    vocabulary: JSON.parse(vocabJson),
    merges,
    contextLength: length,
  });
}

function wordTokenizer(spec: z.infer<typeof WordTokenizerSpec>): Tokenizer {
  const idOf = new Map(Object.entries(spec.vocabulary));
  const unknownId = spec.vocabulary[spec.unknownToken];
  const padId = spec.vocabulary[spec.padToken];
  return {
    contextLength: spec.contextLength,
    encode(phrase) {
      const words = (spec.lowercase ? phrase.toLowerCase() : phrase).match(/[\p{L}\p{N}]+/gu) ?? [];
      if (words.length === 0) throw new EmptyPhraseError(phrase);
      const kept = words.slice(0, spec.contextLength).map((word) => idOf.get(word) ?? unknownId);
      return {
        ...padded(kept, spec.contextLength, padId),
        unknownWords: words.filter((word) => !idOf.has(word)),
        truncated: words.length > spec.contextLength,
      };
    },
  };
}

function clipTokenizer(spec: z.infer<typeof ClipTokenizerSpec>): Tokenizer {
  // The description that Hugging Face publishes with CLIP (tokenizer.json of openai/clip-vit-base-patch32).
  const tokenizer = new HuggingFaceTokenizer(
    {
      version: "1.0",
      added_tokens: [],
      normalizer: {
        type: "Sequence",
        normalizers: [
          { type: "NFC" },
          { type: "Replace", pattern: { Regex: "\\s+" }, content: " " },
          { type: "Lowercase" },
        ],
      },
      pre_tokenizer: {
        type: "Sequence",
        pretokenizers: [
          {
            type: "Split",
            pattern: { Regex: "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+" },
            behavior: "Removed",
            invert: true,
          },
          { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
        ],
      },
      post_processor: null,
      decoder: null,
      model: {
        type: "BPE",
        unk_token: END,
        continuing_subword_prefix: "",
        end_of_word_suffix: "</w>",
        fuse_unk: false,
        vocab: spec.vocabulary,
        merges: spec.merges,
      },
    },
    {},
  );
  const startId = spec.vocabulary[START];
  const endId = spec.vocabulary[END];
  const room = spec.contextLength - 2;
  return {
    contextLength: spec.contextLength,
    encode(phrase) {
      const { ids } = tokenizer.encode(phrase, { add_special_tokens: false });
      if (ids.length === 0) throw new EmptyPhraseError(phrase);
      return {
        ...padded([startId, ...ids.slice(0, room), endId], spec.contextLength, spec.padId),
        unknownWords: [],
        truncated: ids.length > room,
      };
    },
  };
}

function padded(tokens: readonly number[], length: number, padId: number) {
  const ids = new Int32Array(length).fill(padId);
  ids.set(tokens);
  const mask = new Int32Array(length).fill(1, 0, tokens.length);
  return { ids, mask };
}
