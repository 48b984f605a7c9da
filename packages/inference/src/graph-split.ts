import { InvalidInputError } from "./invalid-input.ts";
import { type SessionOptions, secondsToLoad, startProcess } from "./onnx-session.ts";

/** The tensor at which a graph was to be split is not there, or is no bottleneck. */
export class SplitError extends InvalidInputError {
  /** Tensors at which the graph can be split, the nearest to the logits first. */
  readonly candidates: readonly string[];

  constructor(problem: string, candidates: readonly string[]) {
    super(
      "penultimate tensor",
      problem,
      candidates.length > 0
        ? `Name one of: ${candidates.join(", ")}`
        : "Split the model where you export it, into an encoder and a head",
    );
    this.candidates = candidates;
  }
}

/**
 * Splits one ONNX classifier at its penultimate tensor (the input of the last linear layer), in a process of its own.
 *
 * @returns `encoder`: image -> that tensor, and `head`: that tensor -> the graph's first output, each an ONNX file with the nodes and initializers that it needs. Run in sequence they compute what the
 * whole graph computes.
 * @throws SplitError when the tensor is not there or the head would need more than it; lists tensors that fit.
 * @throws InvalidModelError when `bytes` is no ONNX file, one that is refused, or one that takes too much time or memory.
 */
export async function splitGraph(
  bytes: Uint8Array,
  penultimateTensor: string,
  options: SessionOptions = {},
): Promise<{ readonly encoder: Uint8Array; readonly head: Uint8Array }> {
  const process = startProcess(bytes, "model", { memory: options.memory });
  try {
    return await process.split(
      bytes,
      { tensor: penultimateTensor, seconds: secondsToLoad(bytes) },
      (problem, candidates) => new SplitError(problem, candidates),
    );
  } finally {
    await process.end(new Error("the graph was split"));
  }
}
