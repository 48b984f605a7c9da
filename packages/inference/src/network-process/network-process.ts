import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { InvalidModelError } from "../invalid-model.ts";
import type { Failure, FeedPlace, Load, Report, Run, RunReport, Split, TensorPlace } from "./protocol.ts";
import { TensorFile } from "./tensor-file.ts";

/** What Node and its libraries take before they hold a network, in bytes of data. */
const OWN_MEMORY = 256 * 2 ** 20;
/** Largest outputs of a run, all together: 256 rows of the widest embedding. */
const MOST_OUTPUT_BYTES = 64 * 2 ** 20;

const EXPORT_ANEW = "Export the network anew, in a newer version of ONNX";

/** A network's process was ended by somebody else, as by an operator: nothing is known against the network. */
export class NetworkEndedError extends Error {
  override readonly name = "NetworkEndedError";
}

export interface Feed extends Omit<FeedPlace, "bytes"> {
  readonly data: ArrayBufferView;
}

/** A tensor that a run returned. Values are there if they are float32. */
export interface OutputValue {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data?: Float32Array;
}

export interface RunResult {
  readonly values: Record<string, OutputValue>;
  /** What it took, waiting for others not included. */
  readonly seconds: number;
}

interface PendingRun {
  readonly slot: number;
  readonly instance: Instance;
  readonly resolve: (result: RunResult) => void;
  readonly reject: (error: Error) => void;
}

/** A socket to one of the threads. */
interface Instance {
  readonly socket: Socket;
  /** Runs that were asked for and are not done. */
  waiting: number;
}

type Loaded = Extract<Report, { event: "loaded" }>;

/**
 * A process for one network, whose file is somebody else's: it has nothing of our environment, an empty working directory,
 * limits of memory and time, and ends with this process however that ends. It is never given to another network.
 */
export class NetworkProcess {
  readonly #child: ChildProcess;
  readonly #field: string;
  readonly #tensors = new TensorFile();
  readonly #runs = new Map<number, PendingRun>();
  readonly #exited: Promise<void>;
  readonly #instances: readonly Instance[];
  #nextId = 0;
  /** Reports of loading and splitting go here. */
  #first: { resolve: (report: Report) => void; reject: (error: Error) => void } | undefined;
  #failed: Error | undefined;
  /** Why the process said that it ends itself. */
  #said: Failure | undefined;

  /**
   * @param field the name that errors give the network
   * @param memory bytes of memory that it may take
   * @param instances of the network, which run at the same time
   */
  constructor(field: string, memory: number, instances: number) {
    this.#field = field;
    const directory = mkdtempSync(join(tmpdir(), "faultline-network-"));
    this.#child = start(directory, memory, this.#tensors.descriptor, instances);
    this.#child.on("message", (report: Report) => this.#receive(report));
    // What was said last may be read after the end.
    const silent = new Promise((resolve) => this.#child.once("disconnect", resolve));
    this.#exited = new Promise((resolve) => {
      this.#child.once("error", (error) => {
        this.#fail(error);
        resolve();
      });
      this.#child.once("exit", async (code, signal) => {
        await silent;
        this.#fail(this.#reasonOf(code, signal));
        resolve();
      });
    });
    this.#exited.then(() => {
      rmSync(directory, { recursive: true, force: true });
      this.#tensors.close();
    });
    const sockets = this.#child.stdio.filter((stream) => stream instanceof Socket);
    for (const socket of sockets) {
      socket.unref();
      // It may end before it has read all.
      socket.on("error", () => {});
    }
    this.#instances = sockets.slice(-instances).map((socket) => ({ socket, waiting: 0 }));
    for (const { socket } of this.#instances) {
      const lines = createInterface({ input: socket });
      lines.on("line", (line) => this.#settle(line));
      // It has the socket's errors, too: the end of the process says more.
      lines.on("error", () => {});
    }
    this.#hold(false);
  }

  /** @throws InvalidModelError */
  async load(file: Uint8Array, options: Omit<Load, "task" | "bytes">): Promise<Loaded> {
    const report = await this.#give({ task: "load", bytes: file.length, ...options }, file);
    if (report.event !== "loaded") throw new Error(`unexpected report: ${report.event}`);
    return report;
  }

  /** @throws InvalidModelError; what `unsplittable` makes of tensors at which it can be split */
  async split(
    file: Uint8Array,
    options: Omit<Split, "task" | "bytes">,
    unsplittable: (problem: string, candidates: readonly string[]) => Error,
  ): Promise<{ encoder: Uint8Array; head: Uint8Array }> {
    const parts: Buffer[] = [];
    let arrived = 0;
    let wanted = Number.POSITIVE_INFINITY;
    const output = this.#child.stdout as Readable;
    const all = new Promise<void>((resolve) => {
      output.on("data", (part: Buffer) => {
        parts.push(part);
        arrived += part.length;
        if (arrived >= wanted) resolve();
      });
      this.#exited.then(resolve);
    });
    const report = await this.#give({ task: "split", bytes: file.length, ...options }, file, unsplittable);
    if (report.event !== "split") throw new Error(`unexpected report: ${report.event}`);
    wanted = report.encoder + report.head;
    this.#hold(true);
    if (arrived < wanted) await all;
    if (this.#failed) throw this.#failed;
    const bytes = Buffer.concat(parts, wanted);
    return { encoder: bytes.subarray(0, report.encoder), head: bytes.subarray(report.encoder) };
  }

  /**
   * Carries out the network. The feeds are read before this returns: their memory is the caller's again.
   *
   * @param seconds how long it may take, waiting for runs before it not included
   * @throws InvalidModelError when it reaches a limit; Error with what ONNX Runtime says
   */
  run(feeds: readonly Feed[], outputs: readonly string[], seconds: number): Promise<RunResult> {
    if (this.#failed) return Promise.reject(this.#failed);
    const id = this.#nextId++;
    const slot = this.#tensors.take();
    const feedsAt = this.#tensors.feedsAt(slot);
    try {
      let at = feedsAt;
      for (const { data } of feeds) {
        this.#tensors.write(data, at);
        at += data.byteLength;
      }
    } catch (error) {
      this.#tensors.release(slot);
      return Promise.reject(error);
    }
    const run: Run = {
      id,
      feeds: feeds.map(({ name, type, dims, data }) => ({ name, type, dims, bytes: data.byteLength })),
      feedsAt,
      outputsAt: this.#tensors.outputsAt(slot),
      outputs,
      mostOutputBytes: MOST_OUTPUT_BYTES,
      seconds,
    };
    const instance = this.#instances.reduce((idlest, other) =>
      other.waiting < idlest.waiting ? other : idlest,
    );
    return new Promise((resolve, reject) => {
      this.#runs.set(id, { slot, instance, resolve, reject });
      instance.waiting++;
      this.#hold(true);
      instance.socket.write(`${JSON.stringify(run)}\n`);
    });
  }

  /** Ends the process; what is not done rejects with `reason`. */
  async end(reason: Error): Promise<void> {
    this.#fail(reason);
    this.#hold(true);
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  #give(
    task: Load | Split,
    file: Uint8Array,
    unsplittable?: (problem: string, candidates: readonly string[]) => Error,
  ): Promise<Report> {
    if (this.#failed) return Promise.reject(this.#failed);
    const reported = new Promise<Report>((resolve, reject) => {
      this.#first = { resolve, reject };
    });
    this.#hold(true);
    this.#child.send(task, ignoreError);
    this.#child.stdin?.end(file);
    return reported.then((report) => {
      if (report.event !== "failed") return report;
      const { problem, candidates } = report.failure;
      throw candidates && unsplittable ? unsplittable(problem, candidates) : this.#errorOf(report.failure);
    });
  }

  #receive(report: Report): void {
    if (report.event === "ended") {
      this.#said = report.failure;
      return;
    }
    this.#first?.resolve(report);
    this.#first = undefined;
    this.#releaseIfIdle();
  }

  #settle(line: string): void {
    let report: RunReport;
    try {
      report = JSON.parse(line);
    } catch {
      // Who broke out of ONNX Runtime could write anything here.
      const problem = "its process gave no answer that can be read";
      void this.end(new InvalidModelError(this.#field, problem, EXPORT_ANEW));
      return;
    }
    const run = this.#runs.get(report?.id);
    if (!run) return;
    this.#runs.delete(report.id);
    run.instance.waiting--;
    try {
      if ("failure" in report) run.reject(this.#errorOf(report.failure));
      else run.resolve({ values: this.#outputs(report.outputs, run.slot), seconds: report.seconds });
    } catch (error) {
      run.reject(error as Error);
    }
    this.#tensors.release(run.slot);
    this.#releaseIfIdle();
  }

  #outputs(places: readonly TensorPlace[], slot: number): Record<string, OutputValue> {
    const all = places.reduce((sum, { bytes }) => sum + bytes, 0);
    if (!(all <= MOST_OUTPUT_BYTES)) throw new RangeError(`outputs of ${all} bytes`);
    let at = this.#tensors.outputsAt(slot);
    const values: Record<string, OutputValue> = {};
    for (const { name, type, dims, bytes } of places) {
      values[name] =
        type === "float32" ? { type, dims, data: this.#tensors.read(bytes, at) } : { type, dims };
      at += bytes;
    }
    return values;
  }

  #errorOf({ problem, remedy }: Failure): Error {
    return remedy === undefined
      ? new Error(`ONNX Runtime: ${problem}`)
      : new InvalidModelError(this.#field, problem, remedy);
  }

  #reasonOf(code: number | null, signal: NodeJS.Signals | null): Error {
    if (this.#said) return this.#errorOf(this.#said);
    if (signal === "SIGKILL" || signal === "SIGTERM")
      return new NetworkEndedError(`the process of the network (${this.#field}) was ended by ${signal}`);
    return new InvalidModelError(
      this.#field,
      `it crashed its process (${signal ?? `exit code ${code}`})`,
      EXPORT_ANEW,
    );
  }

  #fail(error: Error): void {
    this.#failed ??= error;
    this.#first?.reject(this.#failed);
    this.#first = undefined;
    for (const run of this.#runs.values()) run.reject(this.#failed);
    this.#runs.clear();
  }

  #releaseIfIdle(): void {
    if (this.#runs.size === 0) this.#hold(false);
  }

  /** Whether the process keeps this one alive. */
  #hold(held: boolean): void {
    const verb = held ? "ref" : "unref";
    this.#child[verb]();
    this.#child.channel?.[verb]();
  }
}

/** The end of the process says more. */
function ignoreError(): void {}

function start(cwd: string, memory: number, tensorFile: number, instances: number): ChildProcess {
  const script = fileURLToPath(new URL("./main.mjs", import.meta.url));
  const command = [process.execPath, script, String(memory)];
  // The limit of data holds where memory is asked for, before it is used; that of address space breaks V8.
  const limited = `ulimit -c 0; ulimit -d ${Math.ceil((memory + OWN_MEMORY) / 1024)}; exec "$0" "$@"`;
  const [program, ...args] = process.platform === "win32" ? command : ["/bin/sh", "-c", limited, ...command];
  return spawn(program, args, {
    cwd,
    // ONNX Runtime tells Microsoft what it runs, by default: https://github.com/microsoft/onnxruntime/pull/27379
    env: { ORT_DISABLE_TELEMETRY: "1" },
    stdio: ["pipe", "pipe", "ignore", "ipc", tensorFile, ...Array<"pipe">(instances).fill("pipe")],
    windowsHide: true,
  });
}
