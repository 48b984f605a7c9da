import { InvalidInputError } from "./invalid-input.ts";

/** An ONNX file that is none, that a shared service does not run, or that does not fit its role. */
export class InvalidModelError extends InvalidInputError {}
