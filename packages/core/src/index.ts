export * from "./alignment-quality.ts";
export * from "./alignment.ts";
export * from "./concept-fidelity.ts";
export * from "./concept-vectors.ts";
export * from "./errors.ts";
export * from "./matrix.ts";
export * from "./random.ts";
export * from "./strengths.ts";
