import type { ArtifactStore, Database, Notifications, ProjectStorage, Uploads } from "@faultline/db";
import type { NetworkSessions } from "@faultline/inference";
import type { FailedAttempts } from "./access/failed-attempts.ts";
import type { KnownTokens } from "./access/known-tokens.ts";
import type { LocalUser } from "./access/local-user.ts";
import type { KnownPairedCounts } from "./reports/known-paired-counts.ts";
import type { KnownRuns } from "./runs/known-runs.ts";

/** What the process has opened once and every request shares. */
export interface Services {
  prisma: Database["prisma"];
  pool: Database["pool"];
  artifactStore: ArtifactStore;
  uploads: Uploads;
  /** Quotas of projects, and what they use of them. */
  storage: ProjectStorage;
  /** For checks of pictures. */
  networks: NetworkSessions;
  /** Bytes of memory that a network may take. */
  networkMemory: number | undefined;
  /** Changes of runs and API tokens, from any process. */
  notifications: Notifications;
  tokens: KnownTokens;
  knownRuns: KnownRuns;
  pairedCounts: KnownPairedCounts;
  failedAttempts: FailedAttempts;
  /** Requests from this machine act as its administrator (the embedded demo); null where they do not. */
  localUser: LocalUser | null;
}
