import { InvalidModelError } from "./invalid-model.ts";
import { type Feed, NetworkProcess, type OutputValue } from "./network-process/network-process.ts";
import { LARGEST_BATCH_BYTES } from "./preprocessing.ts";

export type { OutputValue };

export interface SessionOptions {
  /** Threads that one operator may use (ONNX Runtime's intra-op threads). Default 1. */
  readonly threads?: number;
  /**
   * Copies of the network in memory, each with a thread of its own: so many runs are carried out at the same time.
   * Default 1.
   */
  readonly instances?: number;
  /**
   * Bytes of memory that an instance may take, four times its file not counted; that is granted up to three times
   * this number. Default 2 GiB.
   */
  readonly memory?: number;
}

/** What a graph declares about one of its inputs or outputs; a string in `shape` is a symbolic dimension. */
export interface TensorInfo {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | string)[];
}

export interface TensorValue {
  readonly type: "float32" | "int32" | "int64";
  readonly dims: readonly number[];
  readonly data: Float32Array | Int32Array | BigInt64Array;
}

/** Bytes of memory that a network may take, unless told otherwise. */
export const NETWORK_MEMORY = 2 * 2 ** 30;
/** Less is not enough for a process that holds one. */
export const SMALLEST_NETWORK_MEMORY = 128 * 2 ** 20;
/**
 * For loading a network and running it once, in seconds of processor time as all these times: what never ends is killed
 * within 10 seconds. By the clock it may take five times longer, since other work may have the cores.
 */
const SECONDS_TO_OPEN = 8;
/** A large file takes longer: bytes a second that the slowest machine loads. */
const LOADING_SPEED = 25e6;
const SECONDS_TO_RUN = 10;
/** How many times as long as in the first run an item may take. */
const SLOWEST_ITEM = 20;
/** Protobuf's own limit. */
const LARGEST_FILE = 2 ** 31 - 1;

/**
 * A network in ONNX Runtime (CPU), in a process of its own with a thread for each instance. A run goes to the instance
 * that has the fewest; each instance carries out its runs one after another, in order.
 *
 * `close()` ends the process; an unclosed session does not keep this one alive.
 */
export class OnnxSession {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly #process: NetworkProcess;
  readonly #field: string;
  /** What is left of the time to open. */
  readonly #secondsToProbe: number;
  /** What an item took when the network was tried; until then, the time to open. */
  #secondsAnItem = SECONDS_TO_OPEN;

  private constructor(
    process: NetworkProcess,
    field: string,
    inputs: readonly TensorInfo[],
    outputs: readonly TensorInfo[],
    secondsToProbe: number,
  ) {
    this.#process = process;
    this.#field = field;
    this.inputs = inputs;
    this.outputs = outputs;
    this.#secondsToProbe = secondsToProbe;
  }

  /**
   * Vets and loads an ONNX file. `field` is the name that errors give it ("encoder", "head", ...).
   *
   * @throws InvalidModelError when the file is none, is refused, reaches a limit or ONNX Runtime cannot load it.
   */
  static async open(file: Uint8Array, field: string, options: SessionOptions = {}): Promise<OnnxSession> {
    const { threads = 1, instances = 1 } = options;
    const seconds = secondsToLoad(file, instances);
    const process = startProcess(file, field, options);
    try {
      const loaded = await process.load(file, { threads, instances, seconds });
      const left = Math.max(1, seconds - loaded.seconds);
      return new OnnxSession(process, field, loaded.inputs, loaded.outputs, left);
    } catch (error) {
      await process.end(new Error("the session was closed"));
      throw error;
    }
  }

  /** Runs the graph once, to see that it ends and how long it takes. @throws as `run` */
  async probe(
    feeds: Record<string, TensorValue>,
    outputs: readonly string[],
  ): Promise<Record<string, OutputValue>> {
    const { values, seconds } = await this.#process.run(feedsOf(feeds), outputs, this.#secondsToProbe);
    this.#secondsAnItem = seconds / itemsOf(feeds);
    return values;
  }

  /**
   * Runs the graph and returns the named outputs. The feeds are read before this returns: their memory is the
   * caller's again.
   *
   * @throws InvalidModelError when it takes 10 seconds and twenty times longer than the probe, too much memory, or
   * crashes; NetworkEndedError when somebody else ended it; Error with what ONNX Runtime says.
   */
  async run(
    feeds: Record<string, TensorValue>,
    outputs: readonly string[],
  ): Promise<Record<string, OutputValue>> {
    const seconds = SECONDS_TO_RUN + SLOWEST_ITEM * this.#secondsAnItem * itemsOf(feeds);
    return (await this.#process.run(feedsOf(feeds), outputs, seconds)).values;
  }

  close(): Promise<void> {
    return this.#process.end(new Error(`the session was closed (${this.#field})`));
  }
}

/** A process for a network, with the memory that its size allows. @throws InvalidModelError above 2 GiB */
export function startProcess(
  file: Uint8Array,
  field: string,
  { memory = NETWORK_MEMORY, instances = 1 }: SessionOptions,
): NetworkProcess {
  if (file.length > LARGEST_FILE)
    throw new InvalidModelError(field, "it is larger than 2 GiB", "Store its weights as float16 or int8");
  return new NetworkProcess(field, instances * (memory + Math.min(4 * file.length, 3 * memory)), instances);
}

/** How long a network may take to be loaded or split. */
export function secondsToLoad(file: Uint8Array, instances = 1): number {
  return SECONDS_TO_OPEN + (instances * file.length) / LOADING_SPEED;
}

function feedsOf(feeds: Record<string, TensorValue>): Feed[] {
  return Object.entries(feeds).map(([name, value]) => ({ name, ...value }));
}

/** The first dimension: images, rows or phrases. */
function itemsOf(feeds: Record<string, TensorValue>): number {
  return Math.max(1, ...Object.values(feeds).map(({ dims }) => dims[0] ?? 1));
}

/**
 * The batch size that an input insists on (its first dimension), or null when it is dynamic.
 *
 * @param bytes that one item takes
 * @throws InvalidModelError when such a batch is larger than 64 MiB
 */
export function fixedBatchSize(input: TensorInfo, bytes: number, field: string): number | null {
  const batch = input.shape[0];
  if (typeof batch !== "number" || batch <= 0) return null;
  if (batch * bytes > LARGEST_BATCH_BYTES)
    throw new InvalidModelError(
      field,
      `its input "${input.name}" takes batches of ${batch}, which are ${Math.ceil((batch * bytes) / 2 ** 20)} MiB`,
      `Export it with a dynamic batch dimension, or one of at most ${Math.floor(LARGEST_BATCH_BYTES / bytes)}`,
    );
  return batch;
}

/** Largest width of an embedding, and most logits. */
const WIDEST = 65_536;

/** The output called by one of `preferred` (first match wins), else the graph's first output. */
export function pickOutput(session: OnnxSession, preferred: readonly string[], field: string): TensorInfo {
  const named = preferred.flatMap((name) => session.outputs.filter((output) => output.name === name));
  const output = named[0] ?? session.outputs[0];
  if (!output) throw new InvalidModelError(field, "the graph has no output", "Export it with one output");
  return output;
}

/**
 * Reads an N×w float32 result; trailing dimensions of 1 (N×w×1×1) are dropped.
 *
 * @throws InvalidModelError when the tensor is not float32 or has another rank or row count.
 */
export function rowsOf(
  output: OutputValue,
  rows: number,
  name: string,
  field: string,
): { readonly width: number; readonly data: Float32Array } {
  if (!output.data)
    throw new InvalidModelError(
      field,
      `its output "${name}" is ${output.type}, float32 is needed`,
      "Export the graph in float32",
    );
  const [n, width = 0, ...rest] = output.dims;
  if (output.dims.length < 2 || rest.some((size) => size !== 1) || n !== rows)
    throw new InvalidModelError(
      field,
      `its output "${name}" has shape [${output.dims.join(", ")}] for a batch of ${rows}, [${rows}, width] is needed`,
      "Export a graph that gives one vector per input, with a dynamic batch dimension",
    );
  if (width > WIDEST)
    throw new InvalidModelError(
      field,
      `its output "${name}" has ${width} values a row`,
      `Export a graph that gives at most ${WIDEST}`,
    );
  return { width, data: output.data };
}
