import path from "node:path";
import type { ArtifactStore } from "./artifact-store.ts";
import { dataDirectory } from "./database.ts";
import { readEnvironment, setting } from "./environment.ts";
import { FolderArtifactStore } from "./folder-artifact-store.ts";
import { FreeSpace } from "./free-space.ts";

/**
 * The store of FAULTLINE_ARTIFACTS: a folder, or `s3://bucket/prefix` with the AWS variables for endpoint,
 * region and credentials. By default the folder `artifacts` of the data directory.
 * Nothing is stored below FAULTLINE_FREE_SPACE_FLOOR (5 % of a file system and at least 1 GiB) of the file systems of
 * the folder and of the data directory, where the embedded database is.
 *
 * @throws EnvironmentError
 */
export async function openArtifactStore(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<ArtifactStore> {
  const { FAULTLINE_ARTIFACTS } = readEnvironment(
    { FAULTLINE_ARTIFACTS: setting.text().optional() },
    environment,
  );
  const location = FAULTLINE_ARTIFACTS ?? path.join(dataDirectory(environment), "artifacts");
  if (!location.startsWith("s3://"))
    return FolderArtifactStore.open(location, { freeSpace: freeSpace([location], environment) });
  const [bucket, ...prefix] = location.slice("s3://".length).replace(/\/+$/, "").split("/");
  // Loading the AWS SDK takes longer than the rest of Faultline together.
  const { S3ArtifactStore } = await import("./s3-artifact-store.ts");
  const spoolDirectory = path.join(dataDirectory(environment), "spool");
  return new S3ArtifactStore({
    bucket,
    prefix: prefix.join("/"),
    spoolDirectory,
    freeSpace: freeSpace([spoolDirectory], environment),
  });
}

function freeSpace(folders: string[], environment: NodeJS.ProcessEnv): FreeSpace {
  const { FAULTLINE_FREE_SPACE_FLOOR: floor } = readEnvironment(
    { FAULTLINE_FREE_SPACE_FLOOR: setting.size({ min: 0 }).optional() },
    environment,
  );
  return new FreeSpace([...folders, dataDirectory(environment)], floor);
}
