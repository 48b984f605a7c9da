import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { clipTokenizerSpec, createTokenizer, type Tokenizer, TokenizerSpec } from "../src/tokenizer.ts";
import { hasSharedData, sharedFile } from "./shared-data.ts";

const word = {
  type: "word",
  vocabulary: { "<pad>": 0, "<unk>": 1, a: 2, photo: 3, of: 4, long: 5, snout: 6, __proto__x: 7 },
  contextLength: 6,
  lowercase: true,
  padToken: "<pad>",
  unknownToken: "<unk>",
};

describe("the word tokenizer", () => {
  const tokenizer = createTokenizer(TokenizerSpec.parse(word));

  it("lower-cases, splits at punctuation, pads and marks the padding", () => {
    const encoded = tokenizer.encode("  A photo, of LONG-snout ");
    expect([...encoded.ids]).toEqual([2, 3, 4, 5, 6, 0]);
    expect([...encoded.mask]).toEqual([1, 1, 1, 1, 1, 0]);
    expect(encoded).toMatchObject({ unknownWords: [], truncated: false });
  });

  it("names unknown words and cuts long phrases", () => {
    const encoded = tokenizer.encode("a photo of a constructor of zebra");
    expect([...encoded.ids]).toEqual([2, 3, 4, 2, 1, 4]);
    expect(encoded).toMatchObject({ unknownWords: ["constructor", "zebra"], truncated: true });
  });

  it("refuses a phrase without a word", () => {
    expect(() => tokenizer.encode(" -- ")).toThrow('phrase: " -- " has no letter or digit');
  });
});

describe("TokenizerSpec", () => {
  it.each([
    [
      "a pad token outside the vocabulary",
      { ...word, padToken: "<none>" },
      /<none>.* is not in the vocabulary/,
    ],
    ["a negative id", { ...word, vocabulary: { ...word.vocabulary, bad: -1 } }, /vocabulary/],
    ["an absurd context", { ...word, contextLength: 1e9 }, /contextLength/],
    ["CLIP without its end token", { type: "clip-bpe", vocabulary: { a: 0 }, merges: [] }, /endoftext/],
    [
      "a merge of three",
      { type: "clip-bpe", vocabulary: { "<|startoftext|>": 0, "<|endoftext|>": 1 }, merges: ["a b c"] },
      /a merge is two tokens/,
    ],
    ["an unknown type", { type: "sentencepiece" }, /type/],
  ])("refuses %s", (_, spec, message) => {
    expect(TokenizerSpec.safeParse(spec).error?.message).toMatch(message);
  });
});

describe.skipIf(!hasSharedData)("CLIP's tokenizer", () => {
  let tokenizer: Tokenizer;
  let vocabulary: Record<string, number>;
  let rankOf: Map<string, number>;

  beforeAll(async () => {
    const vocabJson = await readFile(sharedFile("clip/vocab.json"), "utf8");
    const mergesText = await readFile(sharedFile("clip/merges.txt"), "utf8");
    tokenizer = createTokenizer(clipTokenizerSpec(vocabJson, mergesText));
    vocabulary = JSON.parse(vocabJson);
    rankOf = new Map(mergesText.split("\n").map((line, i) => [line, i]));
  });

  const tokens = (phrase: string) => {
    const { ids, mask } = tokenizer.encode(phrase);
    return [...ids].filter((_, i) => mask[i] === 1);
  };

  it.each([
    ["a photo of a cat", [49406, 320, 1125, 539, 320, 2368, 49407]],
    ["Hello   World!", [49406, 3306, 1002, 256, 49407]],
    ["a diagram", [49406, 320, 22697, 49407]],
  ])("encodes %s to the published ids", (phrase, ids) => {
    expect(tokens(phrase)).toEqual(ids);
    expect(tokenizer.encode(phrase).ids).toHaveLength(77);
  });

  /** CLIP's published algorithm, straightforwardly: merge the pair of lowest rank until none is left. */
  function reference(phrase: string): number[] {
    const words =
      phrase
        .normalize("NFC")
        .toLowerCase()
        .match(/'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+/gu) ?? [];
    const printable = [...Array(256).keys()].filter(
      (b) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174,
    );
    let next = 256;
    const symbols = Array.from({ length: 256 }, (_, b) =>
      String.fromCodePoint(printable.includes(b) ? b : next++),
    );
    return words.flatMap((text) => {
      const parts = [...Buffer.from(text)].map((byte) => symbols[byte]);
      parts[parts.length - 1] += "</w>";
      for (;;) {
        const ranks = parts.slice(1).map((part, i) => rankOf.get(`${parts[i]} ${part}`) ?? Infinity);
        const best = Math.min(...ranks);
        if (best === Infinity) return parts.map((part) => vocabulary[part]);
        for (let i = 0; i < parts.length - 1; i++)
          if (rankOf.get(`${parts[i]} ${parts[i + 1]}`) === best) parts.splice(i, 2, parts[i] + parts[i + 1]);
      }
    });
  }

  it("equals the published algorithm on 1,203 category names and on odd text", async () => {
    const file = await readFile(sharedFile("clip-vitb32/lvis1203_names.json"), "utf8");
    const phrases = (JSON.parse(file) as { name: string }[]).map(({ name }) => name);
    expect(phrases.length).toBeGreaterThan(1000);
    for (const phrase of [...phrases, "it's naïve café", "x² + 3½ → 日本語 🐸", "don't-stop_me.now"])
      expect(tokens(phrase)).toEqual([49406, ...reference(phrase), 49407]);
  });

  it("cuts long phrases but keeps the end token", () => {
    const encoded = tokenizer.encode("cat ".repeat(200));
    expect(encoded.truncated).toBe(true);
    expect([encoded.ids[0], encoded.ids[75], encoded.ids[76]]).toEqual([49406, 2368, 49407]);
  });
});
