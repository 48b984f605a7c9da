import { Worker } from "node:worker_threads";
import { InvalidInputError } from "./invalid-input.ts";

export interface SessionOptions {
  /** Threads that one operator may use (ONNX Runtime's intra-op threads). Default 1. */
  readonly threads?: number;
  /**
   * Copies of the network in memory, each with a thread of its own: so many runs are carried out at the same time.
   * Default 1.
   */
  readonly instances?: number;
}

/** An ONNX file that is none, or whose inputs and outputs are not what its role needs. */
export class InvalidModelError extends InvalidInputError {}

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

/** A tensor that a run returned; `type` as ONNX Runtime names it. */
export interface OutputValue {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

interface Metadata {
  readonly name: string;
  readonly isTensor: boolean;
  readonly type?: string;
  readonly shape?: readonly (number | string)[];
}

type ThreadMessage =
  | { readonly ready: true; readonly inputs: Metadata[]; readonly outputs: Metadata[] }
  | { readonly ready: false; readonly error: string }
  | {
      readonly ready?: undefined;
      readonly id: number;
      readonly values?: Record<string, OutputValue>;
      readonly error?: string;
    };

interface PendingRun {
  readonly resolve: (values: Record<string, OutputValue>) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A network in ONNX Runtime (CPU), in threads of its own. A run goes to the instance that has the fewest; each instance
 * carries out its runs one after another, in order.
 *
 * `close()` ends the threads; an unclosed session does not keep the process alive.
 */
export class OnnxSession {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly #instances: readonly Instance[];
  #closed: Error | undefined;

  private constructor(
    instances: readonly Instance[],
    inputs: readonly TensorInfo[],
    outputs: readonly TensorInfo[],
  ) {
    this.#instances = instances;
    this.inputs = inputs;
    this.outputs = outputs;
    for (const { thread } of instances) {
      thread.on("error", (error) => this.#fail(error));
      thread.on("exit", () => this.#fail(new Error("the inference thread ended")));
    }
  }

  /**
   * Loads an ONNX file. `field` is the name that errors give it ("encoder", "head", ...).
   *
   * @throws InvalidModelError when ONNX Runtime cannot load the file.
   */
  static async open(file: Uint8Array, field: string, options: SessionOptions = {}): Promise<OnnxSession> {
    const { threads = 1, instances: count = 1 } = options;
    const opened = await Promise.allSettled(
      Array.from({ length: count }, () => Instance.open(file, field, threads)),
    );
    const instances = opened.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const failed = opened.find((result) => result.status === "rejected");
    if (failed) {
      await Promise.all(instances.map(({ thread }) => thread.terminate()));
      throw failed.reason;
    }
    const [{ inputs, outputs }] = instances;
    return new OnnxSession(instances, inputs.map(tensorInfo), outputs.map(tensorInfo));
  }

  /**
   * Runs the graph and returns the named outputs. The buffers of `feeds` are moved to the thread: the caller's
   * arrays are empty afterwards. Only shared memory stays the caller's, who may write to it again when the run is
   * done: for whoever runs many batches, since new memory for each of them costs collections.
   */
  run(feeds: Record<string, TensorValue>, outputs: readonly string[]): Promise<Record<string, OutputValue>> {
    if (this.#closed) return Promise.reject(this.#closed);
    const idlest = this.#instances.reduce((best, other) => (other.waiting < best.waiting ? other : best));
    return idlest.run(feeds, outputs);
  }

  async close(): Promise<void> {
    this.#fail(new Error("the session was closed"));
    await Promise.all(this.#instances.map(({ thread }) => thread.terminate()));
  }

  #fail(error: Error): void {
    this.#closed ??= error;
    for (const instance of this.#instances) instance.fail(error);
  }
}

/** Opens a file for one use. @throws InvalidModelError when ONNX Runtime cannot load it */
export async function withSession<T>(
  bytes: Uint8Array,
  field: string,
  use: (session: OnnxSession) => Promise<T>,
): Promise<T> {
  const session = await OnnxSession.open(bytes, field);
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

/** One ONNX Runtime session and the thread that it runs in. */
class Instance {
  readonly thread: Worker;
  readonly inputs: readonly Metadata[];
  readonly outputs: readonly Metadata[];
  readonly #pending = new Map<number, PendingRun>();
  #nextId = 0;

  private constructor(thread: Worker, inputs: readonly Metadata[], outputs: readonly Metadata[]) {
    this.thread = thread;
    this.inputs = inputs;
    this.outputs = outputs;
    thread.on("message", (message: ThreadMessage) => this.#settle(message));
    thread.unref();
  }

  static async open(file: Uint8Array, field: string, threads: number): Promise<Instance> {
    const thread = new Worker(new URL("./inference-thread.mjs", import.meta.url), {
      // The thread is plain JavaScript: loaders that the process was started with (tsx) are not for it.
      execArgv: [],
      workerData: {
        // A view is cloned with the whole buffer under it.
        file: new Uint8Array(file),
        options: {
          executionProviders: ["cpu"],
          executionMode: "sequential",
          intraOpNumThreads: threads,
          interOpNumThreads: 1,
          // Errors are thrown; printed too they would only be noise.
          logSeverityLevel: 4,
        },
      },
    });
    const started = await new Promise<ThreadMessage>((resolve, reject) => {
      thread.once("message", resolve);
      thread.once("error", reject);
      thread.once("exit", (code) => reject(new Error(`the inference thread ended with code ${code}`)));
    });
    if (started.ready !== true) {
      await thread.terminate();
      throw new InvalidModelError(
        field,
        `ONNX Runtime cannot load it: ${started.error}`,
        "Upload a valid ONNX file (for PyTorch: torch.onnx.export)",
      );
    }
    return new Instance(thread, started.inputs, started.outputs);
  }

  /** Runs that were asked for and are not done. */
  get waiting(): number {
    return this.#pending.size;
  }

  run(feeds: Record<string, TensorValue>, outputs: readonly string[]): Promise<Record<string, OutputValue>> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.thread.ref();
      this.thread.postMessage(
        { id, feeds, outputs },
        Object.values(feeds).flatMap(({ data: { buffer } }) =>
          buffer instanceof ArrayBuffer ? [buffer] : [],
        ),
      );
    });
  }

  /** Rejects every run that is not done. */
  fail(error: Error): void {
    for (const run of this.#pending.values()) run.reject(error);
    this.#pending.clear();
  }

  #settle(message: ThreadMessage): void {
    if (message.ready !== undefined) return;
    const run = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (this.#pending.size === 0) this.thread.unref();
    if (message.values) run?.resolve(message.values);
    else run?.reject(new Error(`ONNX Runtime: ${message.error}`));
  }
}

function tensorInfo(metadata: Metadata): TensorInfo {
  return { name: metadata.name, type: metadata.type ?? "not a tensor", shape: metadata.shape ?? [] };
}

/** The batch size that an input insists on (its first dimension), or null when it is dynamic. */
export function fixedBatchSize(input: TensorInfo): number | null {
  const batch = input.shape[0];
  return typeof batch === "number" && batch > 0 ? batch : null;
}

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
  if (!(output.data instanceof Float32Array))
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
  return { width, data: output.data };
}
