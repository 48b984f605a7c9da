export * from "./statistics/fisher.ts";
export * from "./statistics/mcnemar.ts";
export * from "./statistics/multiple-testing.ts";
export * from "./statistics/normal.ts";
export * from "./statistics/proportion.ts";
