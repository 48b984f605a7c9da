export * from "./alignment/accumulator.ts";
export * from "./alignment/apply.ts";
export * from "./alignment/encoding.ts";
export { type AlignmentOptions, fitAlignment } from "./alignment/fit.ts";
export * from "./alignment/quality.ts";
