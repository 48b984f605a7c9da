import path from "node:path";
import type { ArtifactStore } from "./artifact-store.ts";
import { dataDirectory } from "./database.ts";
import { FolderArtifactStore } from "./folder-artifact-store.ts";

/**
 * The store of FAULTLINE_ARTIFACTS: a folder, or `s3://bucket/prefix` with the AWS variables for endpoint,
 * region and credentials. By default the folder `artifacts` of the data directory.
 */
export async function openArtifactStore(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<ArtifactStore> {
  const location = environment.FAULTLINE_ARTIFACTS || path.join(dataDirectory(environment), "artifacts");
  if (!location.startsWith("s3://")) return FolderArtifactStore.open(location);
  const [bucket, ...prefix] = location.slice("s3://".length).replace(/\/+$/, "").split("/");
  // Loading the AWS SDK takes longer than the rest of Faultline together.
  const { S3ArtifactStore } = await import("./s3-artifact-store.ts");
  return new S3ArtifactStore({
    bucket,
    prefix: prefix.join("/"),
    spoolDirectory: path.join(dataDirectory(environment), "spool"),
  });
}
