import type { ArtifactStore, Database, RunNotifications, Uploads } from "@faultline/db";

/** What the process has opened once and every request shares. */
export interface Services {
  prisma: Database["prisma"];
  pool: Database["pool"];
  artifactStore: ArtifactStore;
  uploads: Uploads;
  /** Changes of runs, from any process. */
  runNotifications: RunNotifications;
  /** Requests from this machine act as its administrator (the embedded demo). */
  localUser: boolean;
}
