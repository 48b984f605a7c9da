// What the two processes say to each other. Pixels and outputs are not among it: they lie in the tensor file.
import type { TensorInfo } from "../onnx-session.ts";

/** A tensor in the tensor file, where the tensors of a run lie one after another. */
export interface TensorPlace {
  readonly name: string;
  readonly type: string;
  readonly dims: readonly number[];
  /** 0: its values are not there. */
  readonly bytes: number;
}

export interface FeedPlace extends TensorPlace {
  readonly type: "float32" | "int32" | "int64";
}

/** Load the network that follows on standard input. */
export interface Load {
  readonly task: "load";
  readonly bytes: number;
  readonly instances: number;
  /** Of ONNX Runtime, for one operator. */
  readonly threads: number;
  readonly seconds: number;
}

/** Split the network that follows on standard input; the two parts come on standard output. */
export interface Split {
  readonly task: "split";
  readonly bytes: number;
  readonly tensor: string;
  readonly seconds: number;
}

/** By the socket of an instance: runs in order, as JSON, one a line. */
export interface Run {
  readonly id: number;
  readonly feeds: readonly FeedPlace[];
  /** Where in the tensor file the feeds begin, and where the outputs are to be written. */
  readonly feedsAt: number;
  readonly outputsAt: number;
  /** Names of the outputs; those of float32 are written. */
  readonly outputs: readonly string[];
  /** Largest outputs in bytes, all together. */
  readonly mostOutputBytes: number;
  readonly seconds: number;
}

export type Task = Load | Split;

/** Why something failed. */
export interface Failure {
  readonly problem: string;
  /** With it, the model is at fault. */
  readonly remedy?: string;
  /** With them, it cannot be split where it should be, but there. */
  readonly candidates?: readonly string[];
}

export type Report =
  | {
      readonly event: "loaded";
      readonly inputs: readonly TensorInfo[];
      readonly outputs: readonly TensorInfo[];
      readonly seconds: number;
    }
  | { readonly event: "split"; readonly encoder: number; readonly head: number }
  /** Loading or splitting failed. */
  | { readonly event: "failed"; readonly failure: Failure }
  /** The process ends itself now, because a limit was reached. */
  | { readonly event: "ended"; readonly failure: Failure };

/** The answer to a run, by the same socket. */
export type RunReport =
  | { readonly id: number; readonly outputs: readonly TensorPlace[]; readonly seconds: number }
  | { readonly id: number; readonly failure: Failure };
