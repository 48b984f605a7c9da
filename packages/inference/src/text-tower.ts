import { firstNotFinite, type Matrix, matrix } from "@faultline/core";
import { reasonOf } from "./invalid-input.ts";
import { InvalidModelError } from "./invalid-model.ts";
import { NetworkEndedError } from "./network-process/network-process.ts";
import {
  fixedBatchSize,
  OnnxSession,
  pickOutput,
  rowsOf,
  type SessionOptions,
  type TensorInfo,
  type TensorValue,
} from "./onnx-session.ts";
import { createTokenizer, type Tokenizer, type TokenizerSpec } from "./tokenizer.ts";

const FIELD = "text tower";
const EMBEDDING_NAMES = [
  "embedding",
  "embeddings",
  "text_embeds",
  "text_embedding",
  "text_embeddings",
  "text_features",
  "features",
  "pooler_output",
];
/** Phrases per run. Fixed, so that a phrase's embedding does not depend on its company. */
const BATCH = 8;

/**
 * A VLM's text tower: phrases -> text embeddings N×m (not normalised).
 *
 * Token ids go to the graph's first integer input, as int64 or int32 as the graph declares; a second input with
 * "mask" in its name gets 1 for tokens and 0 for padding. The embedding is the output with a usual name
 * (`embedding`, `text_embeds`, ...), else the first output.
 */
export class TextTower {
  /** m: values per embedding. */
  readonly width: number;
  readonly tokenizer: Tokenizer;
  readonly #run: RunTokens;
  readonly #session: OnnxSession;

  private constructor(session: OnnxSession, tokenizer: Tokenizer, run: RunTokens, width: number) {
    this.#session = session;
    this.#run = run;
    this.tokenizer = tokenizer;
    this.width = width;
  }

  /**
   * @throws InvalidModelError when the file is no ONNX, needs other inputs, has another context length than the
   * tokenizer, or its output is not one float32 vector per phrase.
   */
  static async open(
    file: Uint8Array,
    tokenizerSpec: TokenizerSpec,
    options: SessionOptions = {},
  ): Promise<TextTower> {
    const tokenizer = createTokenizer(tokenizerSpec);
    const session = await OnnxSession.open(file, FIELD, options);
    try {
      const run = tokenRunner(session, tokenizer);
      const firstWord = Object.keys(tokenizerSpec.vocabulary).find((word) => /^[a-z]+$/.test(word)) ?? "a";
      const { columns } = await run([firstWord], true);
      return new TextTower(session, tokenizer, run, columns);
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /**
   * Embeds phrases: row i belongs to `phrases[i]`.
   *
   * @throws EmptyPhraseError for a phrase without a token, InvalidModelError when an embedding is not finite.
   */
  async embed(phrases: readonly string[]): Promise<Matrix> {
    if (phrases.length === 0) return matrix(0, this.width);
    const out = await this.#run(phrases);
    const odd = firstNotFinite(out.data);
    if (odd >= 0)
      throw new InvalidModelError(
        FIELD,
        `its embedding of "${phrases[Math.floor(odd / this.width)]}" has the value ${out.data[odd]}`,
        "Check the tokenizer and the exported graph",
      );
    return out;
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}

/** Embeds one or more phrases; the first ones to see how long it takes. */
type RunTokens = (phrases: readonly string[], probe?: boolean) => Promise<Matrix>;

function tokenRunner(session: OnnxSession, tokenizer: Tokenizer): RunTokens {
  const mask = session.inputs.find((input) => input.name.toLowerCase().includes("mask"));
  const ids = session.inputs.find((input) => input !== mask);
  const others = session.inputs.filter((input) => input !== mask && input !== ids);
  if (!ids || others.length > 0)
    throw new InvalidModelError(
      FIELD,
      `the graph's inputs are ${session.inputs.map((input) => input.name).join(", ") || "none"}`,
      "Export a text tower that takes token ids and, if need be, an attention mask",
    );
  const length = tokenizer.contextLength;
  for (const input of mask ? [ids, mask] : [ids]) requireTokenInput(input, length);
  const batch = fixedBatchSize(ids, 8 * length, FIELD) ?? BATCH;
  const output = pickOutput(session, EMBEDDING_NAMES, FIELD).name;

  const runBatch = async (encoded: readonly { ids: Int32Array; mask: Int32Array }[], probe: boolean) => {
    // Slots beyond the phrases repeat the last one: a row of padding alone has no meaning to a text tower.
    const filled = Array.from({ length: batch }, (_, i) => encoded[Math.min(i, encoded.length - 1)]);
    const feeds: Record<string, TensorValue> = {
      [ids.name]: tokens(
        filled.map((phrase) => phrase.ids),
        length,
        ids.type,
      ),
    };
    if (mask)
      feeds[mask.name] = tokens(
        filled.map((phrase) => phrase.mask),
        length,
        mask.type,
      );
    const running = probe ? session.probe(feeds, [output]) : session.run(feeds, [output]);
    const values = await running.catch((error: unknown) => {
      if (error instanceof InvalidModelError || error instanceof NetworkEndedError) throw error;
      throw new InvalidModelError(
        FIELD,
        `it fails on token ids: ${reasonOf(error)}`,
        "Check the model and its tokenizer: a vocabulary may be larger than the network's",
        { cause: error },
      );
    });
    return rowsOf(values[output], batch, output, FIELD);
  };

  return async (phrases, probe = false) => {
    const encoded = phrases.map((phrase) => tokenizer.encode(phrase));
    const rows: Float32Array[] = [];
    let width = 0;
    for (let start = 0; start < encoded.length; start += batch) {
      const part = encoded.slice(start, start + batch);
      const result = await runBatch(part, probe);
      width = result.width;
      rows.push(result.data.subarray(0, part.length * width));
    }
    const out = matrix(phrases.length, width);
    let at = 0;
    for (const values of rows) {
      out.data.set(values, at);
      at += values.length;
    }
    return out;
  };
}

function requireTokenInput(input: TensorInfo, contextLength: number): void {
  if (input.type !== "int64" && input.type !== "int32")
    throw new InvalidModelError(
      FIELD,
      `its input "${input.name}" is ${input.type}, int64 or int32 is needed`,
      "Export a text tower that takes token ids",
    );
  const [, length] = input.shape;
  const wrongRank = input.shape.length !== 0 && input.shape.length !== 2;
  if (wrongRank || (typeof length === "number" && length > 0 && length !== contextLength))
    throw new InvalidModelError(
      FIELD,
      `its input "${input.name}" has shape [${input.shape.join(", ")}], but the tokenizer gives [N, ${contextLength}]`,
      "Set the tokenizer's contextLength to the network's",
    );
}

function tokens(rows: readonly Int32Array[], length: number, type: string): TensorValue {
  const dims = [rows.length, length];
  if (type === "int32") {
    const data = new Int32Array(rows.length * length);
    rows.forEach((row, i) => {
      data.set(row, i * length);
    });
    return { type: "int32", dims, data };
  }
  const data = new BigInt64Array(rows.length * length);
  rows.forEach((row, i) => {
    for (let k = 0; k < length; k++) data[i * length + k] = BigInt(row[k]);
  });
  return { type: "int64", dims, data };
}
