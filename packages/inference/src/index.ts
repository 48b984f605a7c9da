export * from "./batches.ts";
export * from "./encoder.ts";
export * from "./head.ts";
export * from "./invalid-input.ts";
export { InvalidModelError, type ModelSource, type SessionOptions } from "./onnx-session.ts";
export * from "./preprocessing.ts";
export * from "./width-mismatch.ts";
