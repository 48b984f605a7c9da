export { buryDeadWorkers } from "./living-workers.ts";
export type { WorkerSettings } from "./settings.ts";
export { type RunningWorker, startWorker, type WorkerOptions } from "./worker.ts";
