export { Fleet, type DeadLetter, type FleetAddress } from "./client/fleet.js";
export type { FleetJob, JobState, JobStatus } from "./client/fleet-job.js";
export { FleetWorker, type GivenWorkerSettings } from "./worker/fleet-worker.js";
export { numberSettings, workerDefaults, type WorkerSettings } from "./worker/settings.js";
export { runFleet } from "./cli/fleet.js";
export { runWorker } from "./cli/worker.js";
export type { CommandContext } from "./cli/context.js";
export type { Failure } from "./jobs/failure.js";
export type * from "./jobs/job.js";
