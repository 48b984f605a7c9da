export { failAbandonedWork } from "./abandoned-work.ts";
export { releaseJobsOfDeadWorkers } from "./living-workers.ts";
export type { WorkerSettings } from "./settings.ts";
export { type RunningWorker, startWorker, type WorkerOptions } from "./worker.ts";
