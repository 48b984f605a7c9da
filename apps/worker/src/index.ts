export { failAbandonedWork } from "./queue/abandoned-work.ts";
export { releaseJobsOfDeadWorkers } from "./queue/living-workers.ts";
export type { WorkerSettings } from "./settings.ts";
export { type RunningWorker, startWorker, type WorkerOptions } from "./worker.ts";
