export { Client, type Connection, expectResult, type UploadProgress } from "./client.ts";
export { reportTable } from "./commands/report.ts";
export { CommandError, exitCodes } from "./errors.ts";
export { graphql } from "./graphql.ts";
export { type ProgressBar, progressBar, showRun } from "./progress-bar.ts";
export * from "./registry.ts";
export * from "./runs.ts";
