// A worker on a test database and a temporary artifact store.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { FolderArtifactStore } from "@faultline/db";
import { startWorker } from "@faultline/worker";
import { createTestDatabase } from "../../../test/postgres-setup.ts";
import { Registration } from "./registration.ts";

export interface WorkerFixture {
  registration: Registration;
  databaseUrl: string;
  /** Of the artifact store. */
  folder: string;
  /** Ends the worker; database and artifacts stay. */
  stopWorker(): Promise<void>;
  close(): Promise<void>;
}

/** @param concurrency of the worker */
export async function workerFixture(concurrency = 2): Promise<WorkerFixture> {
  const database = await createTestDatabase();
  const folder = await mkdtemp(path.join(tmpdir(), "faultline-worker-"));
  const artifactStore = await FolderArtifactStore.open(folder);
  const worker = await startWorker({
    database,
    databaseUrl: database.url,
    artifactStore,
    concurrency,
    threads: 1,
  });
  return {
    registration: await Registration.open(database, artifactStore),
    databaseUrl: database.url,
    folder,
    stopWorker: () => worker.stop(),
    close: async () => {
      await worker.stop();
      await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
