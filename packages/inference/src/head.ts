import { type Matrix, matrix } from "@faultline/core";
import { InvalidModelError } from "./invalid-model.ts";
import { NetworkEndedError } from "./network-process/network-process.ts";
import {
  fixedBatchSize,
  OnnxSession,
  pickOutput,
  rowsOf,
  type SessionOptions,
  type TensorInfo,
} from "./onnx-session.ts";
import { WidthMismatchError } from "./width-mismatch.ts";

const LOGIT_NAMES = ["logits", "logit", "scores", "output"];

/**
 * A classifier's head: embeddings N×d -> logits N×K. The embedding is the graph's first input (rank 2, or N×d×1×1
 * as split graphs have it), the logits the output with a usual name, else the first output.
 */
export class HeadSession {
  /** d: values per embedding. */
  readonly width: number;
  /** K: logits per input. */
  readonly classCount: number;
  readonly #session: OnnxSession;
  readonly #input: TensorInfo;
  readonly #output: string;
  readonly #fixedBatchSize: number | null;

  private constructor(
    session: OnnxSession,
    input: TensorInfo,
    output: string,
    width: number,
    classCount: number,
    fixedBatchSize: number | null,
  ) {
    this.#session = session;
    this.#input = input;
    this.#output = output;
    this.width = width;
    this.classCount = classCount;
    this.#fixedBatchSize = fixedBatchSize;
  }

  /**
   * Opens a head for embeddings of `embeddingWidth` values, a number that may still be unknown while it is loaded.
   *
   * @throws InvalidModelError when the file is no ONNX or its input or output has another form.
   * @throws WidthMismatchError when the head expects another width; names both.
   */
  static async open(
    file: Uint8Array,
    embeddingWidth: number | Promise<number>,
    options: SessionOptions = {},
  ): Promise<HeadSession> {
    const session = await OnnxSession.open(file, "head", options);
    try {
      const width = await embeddingWidth;
      const input = embeddingInput(session, width);
      const output = pickOutput(session, LOGIT_NAMES, "head").name;
      const fixed = fixedBatchSize(input, 4 * width, "head");
      const probe = fixed ?? 1;
      const result = await runRows(
        (...feeds) => session.probe(...feeds),
        input,
        output,
        width,
        new Float32Array(probe * width),
        probe,
      );
      return new HeadSession(session, input, output, width, result.width, fixed);
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /** Logits N×K of embeddings N×d, row by row. @throws WidthMismatchError when the embeddings' width is not d. */
  async run(embeddings: Matrix): Promise<Matrix> {
    if (embeddings.columns !== this.width)
      throw new WidthMismatchError("head", this.width, "the embedding matrix", embeddings.columns);
    const out = matrix(embeddings.rows, this.classCount);
    // Heads are tiny; a fixed batch, the last one padded, keeps a row's logits independent of how many came along.
    const step = this.#fixedBatchSize ?? HEAD_BATCH;
    for (let start = 0; start < embeddings.rows; start += step) {
      const count = Math.min(step, embeddings.rows - start);
      const part = new Float32Array(step * this.width);
      part.set(embeddings.data.subarray(start * this.width, (start + count) * this.width));
      const { data } = await runRows(
        (...feeds) => this.#session.run(...feeds),
        this.#input,
        this.#output,
        this.width,
        part,
        step,
      );
      out.data.set(data.subarray(0, count * this.classCount), start * this.classCount);
    }
    return out;
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}

const HEAD_BATCH = 256;

async function runRows(
  run: OnnxSession["run"],
  input: TensorInfo,
  output: string,
  width: number,
  rows: Float32Array,
  count: number,
) {
  const trailing = Math.max(0, input.shape.length - 2);
  const dims = [count, width, ...Array<number>(trailing).fill(1)];
  try {
    const values = await run({ [input.name]: { type: "float32", dims, data: rows } }, [output]);
    return rowsOf(values[output], count, output, "head");
  } catch (error) {
    if (error instanceof InvalidModelError || error instanceof NetworkEndedError || !(error instanceof Error))
      throw error;
    throw new InvalidModelError(
      "head",
      `it fails on embeddings of ${width} values: ${error.message}`,
      "Register a head that takes the encoder's embeddings",
      { cause: error },
    );
  }
}

function embeddingInput(session: OnnxSession, width: number): TensorInfo {
  const input = session.inputs[0];
  if (!input || session.inputs.length > 1)
    throw new InvalidModelError(
      "head",
      `the graph has ${session.inputs.length} inputs, one is needed`,
      "Export the part from the embedding to the logits alone",
    );
  if (input.type !== "float32")
    throw new InvalidModelError(
      "head",
      `its input "${input.name}" is ${input.type}, float32 is needed`,
      "Export the graph in float32",
    );
  const [, declared, ...rest] = input.shape;
  if (input.shape.length === 1 || rest.some((size) => typeof size === "number" && size !== 1))
    throw new InvalidModelError(
      "head",
      `its input "${input.name}" has shape [${input.shape.join(", ")}], [N, ${width}] is needed`,
      "Export the part from the embedding vector to the logits",
    );
  if (typeof declared === "number" && declared > 0 && declared !== width)
    throw new WidthMismatchError("head", declared, "the encoder", width);
  return input;
}
