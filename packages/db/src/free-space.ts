import { statfsSync } from "node:fs";
import path from "node:path";
import { ArtifactError } from "./artifact-store.ts";

/** How much stays free by default: 5 % of a file system, and not less than 1 GiB. */
const defaultShare = 0.05;
const defaultBytes = 2 ** 30;

/** Milliseconds, and bytes, for which one look is enough. */
const LOOK_AGAIN_AFTER = 100;
const LOOK_AGAIN_BYTES = 2 ** 20;

/**
 * The floor of free space below which nothing more is stored: PostgreSQL, whose files may lie on the same disk, must
 * never find it full because of artifacts.
 */
export class FreeSpace {
  private lookedAt = Number.NEGATIVE_INFINITY;
  private granted = 0;

  /**
   * @param folders one of each file system that must keep free space; they need not exist yet
   * @param floor bytes that stay free; by default the larger of 1 GiB and 5 % of each file system
   */
  constructor(
    private readonly folders: readonly string[],
    private readonly floor?: number,
  ) {}

  /**
   * A look at a file system costs as much as writing a small picture, so many small pieces are granted by one: what
   * other processes write meanwhile is small beside the floor.
   *
   * @throws ArtifactError NO_SPACE when `bytes` more would leave less than the floor
   */
  require(bytes = 0): void {
    this.granted += bytes;
    if (performance.now() - this.lookedAt < LOOK_AGAIN_AFTER && this.granted < LOOK_AGAIN_BYTES) return;
    this.look(bytes);
    // Not before: who is refused asks again, and is to be told by a fresh look.
    this.lookedAt = performance.now();
    this.granted = 0;
  }

  private look(bytes: number): void {
    for (const folder of this.folders) {
      const { bavail, blocks, bsize } = fileSystemOf(path.resolve(folder));
      const free = bavail * bsize;
      const floor = this.floor ?? Math.max(defaultBytes, defaultShare * blocks * bsize);
      if (free - bytes < floor)
        throw new ArtifactError(
          "NO_SPACE",
          `The server's disk has ${free} bytes free and keeps ${Math.ceil(floor)} of them, so ${bytes} more are not stored. Delete what is no longer needed, or ask for a larger disk; then try again.`,
        );
    }
  }
}

/** Of the folder, or of the first one above it that exists. */
function fileSystemOf(folder: string): { bavail: number; blocks: number; bsize: number } {
  try {
    return statfsSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || path.dirname(folder) === folder) throw error;
    return fileSystemOf(path.dirname(folder));
  }
}

/** ENOSPC, EDQUOT: of the file system; 53100: of PostgreSQL's own. */
const fullDisk = new Set<unknown>(["ENOSPC", "EDQUOT", "53100"]);

/** Whether something failed because a disk is full, or about to be: it can succeed later. */
export function isOutOfSpace(error: unknown): boolean {
  if (error instanceof ArtifactError) return error.code === "NO_SPACE";
  return error instanceof Error && "code" in error && fullDisk.has(error.code);
}

/** Runs a write. @throws ArtifactError NO_SPACE where the file system says that it is full */
export async function writing<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof ArtifactError || !isOutOfSpace(error)) throw error;
    throw new ArtifactError(
      "NO_SPACE",
      "The server's disk is full. Delete what is no longer needed, or ask for a larger disk; then try again.",
      { cause: error },
    );
  }
}
