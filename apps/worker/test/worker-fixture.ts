// A worker on a test database and a temporary artifact store.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { FolderArtifactStore } from "@faultline/db";
import { type RunningWorker, startWorker } from "@faultline/worker";
import { createTestDatabase, type TestDatabase } from "../../../test/postgres-setup.ts";
import { Registration } from "./registration.ts";

export interface WorkerFixture {
  registration: Registration;
  databaseUrl: string;
  /** Of the artifact store. */
  folder: string;
  /** Ends the worker; database and artifacts stay. */
  stopWorker(): Promise<void>;
  /** Another worker, of one job at a time, whose jobs are given back at once when it stops; stop it yourself. */
  startHastyWorker(): Promise<RunningWorker>;
  close(): Promise<void>;
}

/** @param concurrency of the worker */
export async function workerFixture(concurrency = 2, given?: TestDatabase): Promise<WorkerFixture> {
  const database = given ?? (await createTestDatabase());
  const folder = await mkdtemp(path.join(tmpdir(), "faultline-worker-"));
  const artifactStore = await FolderArtifactStore.open(folder);
  const common = { database, databaseUrl: database.url, artifactStore, threads: 1 };
  const worker = await startWorker({ ...common, concurrency });
  return {
    registration: await Registration.open(database, artifactStore),
    databaseUrl: database.url,
    folder,
    stopWorker: () => worker.stop(),
    startHastyWorker: () => startWorker({ ...common, concurrency: 1, gracePeriod: 0 }),
    close: async () => {
      await worker.stop();
      await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
