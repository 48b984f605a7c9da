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
import { LARGEST_BATCH_BYTES, type PreprocessingSpec, tensorLength } from "./preprocessing.ts";

const EMBEDDING_NAMES = [
  "embedding",
  "embeddings",
  "image_embeds",
  "image_embedding",
  "image_embeddings",
  "image_features",
  "features",
  "pooler_output",
];

/**
 * An image encoder: a batch of preprocessed images N×3×H×W -> embeddings N×d. A classifier's encoder and a VLM's
 * image tower are the same thing here.
 *
 * The image input is the graph's first input; the embedding is the output with a usual name (`embedding`,
 * `image_embeds`, ...), else the first output. The width d is found by running one blank image.
 */
export class EncoderSession {
  readonly preprocessing: PreprocessingSpec;
  /** d: values per embedding. */
  readonly width: number;
  /** The batch size that the graph insists on, or null when its batch dimension is dynamic. */
  readonly fixedBatchSize: number | null;
  readonly #session: OnnxSession;
  readonly #input: string;
  readonly #output: string;
  readonly #field: string;

  private constructor(
    session: OnnxSession,
    preprocessing: PreprocessingSpec,
    field: string,
    input: TensorInfo,
    output: TensorInfo,
    width: number,
    fixedBatchSize: number | null,
  ) {
    this.#session = session;
    this.#field = field;
    this.#input = input.name;
    this.#output = output.name;
    this.preprocessing = preprocessing;
    this.width = width;
    this.fixedBatchSize = fixedBatchSize;
  }

  /**
   * Opens an encoder for images that are preprocessed as `preprocessing` says.
   *
   * @throws InvalidModelError when the file is no ONNX, its first input is not float32 N×3×H×W of the spec's size,
   * or its output is not one float32 vector per image.
   */
  static async open(
    file: Uint8Array,
    preprocessing: PreprocessingSpec,
    options: SessionOptions & { readonly field?: string } = {},
  ): Promise<EncoderSession> {
    const field = options.field ?? "encoder";
    const session = await OnnxSession.open(file, field, options);
    try {
      const input = imageInput(session, preprocessing, field);
      const output = pickOutput(session, EMBEDDING_NAMES, field);
      const fixed = fixedBatchSize(input, 4 * tensorLength(preprocessing), field);
      const probe = fixed ?? 1;
      const blank = new Float32Array(probe * tensorLength(preprocessing));
      const { width } = await runImages(
        (...feeds) => session.probe(...feeds),
        input.name,
        output.name,
        field,
        preprocessing,
        blank,
        probe,
      );
      return new EncoderSession(session, preprocessing, field, input, output, width, fixed);
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /** Images of which a batch takes at most 64 MiB; at least 1. */
  get mostImages(): number {
    return Math.max(1, Math.floor(LARGEST_BATCH_BYTES / (4 * tensorLength(this.preprocessing))));
  }

  /**
   * Embeds `count` images that lie one after another in `images` (count × `tensorLength(preprocessing)` values).
   * They are read before this returns: their memory is the caller's again. The result is count×d.
   *
   * @throws InvalidModelError when the network fails or reaches a limit
   */
  async run(images: Float32Array, count: number): Promise<Matrix> {
    const size = tensorLength(this.preprocessing);
    if (images.length !== count * size)
      throw new RangeError(`${count} images need ${count * size} values, got ${images.length}`);
    if (count === 0) return matrix(0, this.width);
    if (this.fixedBatchSize === null || this.fixedBatchSize === count)
      return matrix(count, this.width, (await this.#run(images, count)).data);
    const out = matrix(count, this.width);
    const step = this.fixedBatchSize;
    const part = new Float32Array(step * size);
    const portions = Array.from({ length: Math.ceil(count / step) }, (_, i) => {
      const held = images.subarray(i * step * size, Math.min(count, (i + 1) * step) * size);
      part.set(held);
      part.fill(0, held.length);
      return this.#run(part, step);
    });
    for (const [i, { data }] of (await Promise.all(portions)).entries())
      out.data.set(data.subarray(0, Math.min(step, count - i * step) * this.width), i * step * this.width);
    return out;
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  #run(images: Float32Array, count: number) {
    return runImages(
      (...feeds) => this.#session.run(...feeds),
      this.#input,
      this.#output,
      this.#field,
      this.preprocessing,
      images,
      count,
    );
  }
}

/** A VLM's image tower: preprocessed images -> image embeddings in R^m (not normalised). */
export type ImageTower = EncoderSession;

async function runImages(
  run: OnnxSession["run"],
  input: string,
  output: string,
  field: string,
  { height, width }: PreprocessingSpec,
  images: Float32Array,
  count: number,
) {
  try {
    const values = await run(
      { [input]: { type: "float32", dims: [count, 3, height, width], data: images } },
      [output],
    );
    return rowsOf(values[output], count, output, field);
  } catch (error) {
    if (error instanceof InvalidModelError || error instanceof NetworkEndedError || !(error instanceof Error))
      throw error;
    throw new InvalidModelError(
      field,
      `it fails on a batch of ${count} images of ${width}x${height}: ${error.message}`,
      "Check the model and its preprocessing spec",
      { cause: error },
    );
  }
}

function imageInput(session: OnnxSession, spec: PreprocessingSpec, field: string): TensorInfo {
  const input = session.inputs[0];
  if (!input) throw new InvalidModelError(field, "the graph has no input", "Export it with an image input");
  if (session.inputs.length > 1)
    throw new InvalidModelError(
      field,
      `the graph has ${session.inputs.length} inputs (${session.inputs.map((i) => i.name).join(", ")}), one is needed`,
      "Export the image part alone",
    );
  if (input.type !== "float32")
    throw new InvalidModelError(
      field,
      `its input "${input.name}" is ${input.type}, float32 is needed`,
      "Export the graph in float32",
    );
  // Some exporters declare no shape at all: then the probe run decides.
  if (input.shape.length === 0) return input;
  const wanted = [null, 3, spec.height, spec.width];
  const fits =
    input.shape.length === 4 &&
    input.shape.every((size, i) => typeof size === "string" || wanted[i] === null || size === wanted[i]);
  if (!fits)
    throw new InvalidModelError(
      field,
      `its input "${input.name}" has shape [${input.shape.join(", ")}], but the preprocessing spec gives [N, 3, ${spec.height}, ${spec.width}]`,
      "Correct width and height of the preprocessing spec, or export the graph with N×3×H×W input",
    );
  return input;
}
