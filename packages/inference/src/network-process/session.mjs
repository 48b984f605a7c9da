import { InferenceSession } from "onnxruntime-node";
import { RefusedModel, vet } from "./vetting.mjs";

/**
 * A network in ONNX Runtime (CPU). Every file that it loads is vetted here, those that we wrote ourselves too.
 *
 * @param {Uint8Array} file
 * @param {number} [threads] threads that one operator may use
 * @throws {RefusedModel}
 */
export async function createSession(file, threads = 1) {
  vet(file);
  try {
    return await InferenceSession.create(file, {
      executionProviders: ["cpu"],
      executionMode: "sequential",
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      // Errors are thrown; printed too they would only be noise.
      logSeverityLevel: 4,
      // What was vetted is ONNX, so it is read as nothing else.
      extra: { session: { load_model_format: "ONNX" } },
    });
  } catch (error) {
    throw new RefusedModel(
      `ONNX Runtime cannot load it: ${reasonOf(error)}`,
      "Upload a valid ONNX file (for PyTorch: torch.onnx.export)",
    );
  }
}

/** The message of anything that was thrown. @param {unknown} error */
export function reasonOf(error) {
  return error instanceof Error ? error.message : String(error);
}
