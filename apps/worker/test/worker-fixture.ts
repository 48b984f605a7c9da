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
  folder: string;
  close(): Promise<void>;
}

/** @param concurrency of the worker; 0 starts none */
export async function workerFixture(concurrency = 2): Promise<WorkerFixture> {
  const database = await createTestDatabase();
  const folder = await mkdtemp(path.join(tmpdir(), "faultline-worker-"));
  const artifactStore = await FolderArtifactStore.open(folder);
  const worker =
    concurrency > 0
      ? await startWorker({ database, databaseUrl: database.url, artifactStore, concurrency, threads: 1 })
      : undefined;
  return {
    registration: await Registration.open(database, artifactStore),
    databaseUrl: database.url,
    folder,
    close: async () => {
      await worker?.stop();
      await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
