import { mkdir, open, readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import lockfile from "proper-lockfile";
import {
  ArtifactError,
  type ArtifactStore,
  assertSha256,
  defaultMaxBytes,
  type StoredArtifact,
} from "./artifact-store.ts";

export type UploadErrorCode = "OFFSET_MISMATCH" | "BUSY" | "TOO_LARGE";

export class UploadError extends Error {
  override readonly name = "UploadError";
  constructor(
    readonly code: UploadErrorCode,
    message: string,
    /** Bytes that have arrived so far: where to go on. */
    readonly received: number,
  ) {
    super(message);
  }
}

/**
 * Uploads that can be resumed: a partial file for each project and hash, to which chunks are appended in order.
 * What has arrived when a connection breaks is kept. Processes that share the folder may serve the same upload,
 * one at a time.
 */
export class Uploads {
  constructor(
    private readonly folder: string,
    private readonly store: ArtifactStore,
    readonly maxBytes = defaultMaxBytes,
  ) {}

  /** Bytes received so far of an unfinished upload; 0 when there is none. */
  async received(projectId: string, sha256: string): Promise<number> {
    return sizeOf(this.fileOf(projectId, sha256));
  }

  /**
   * Appends content that begins at `offset` of the whole.
   *
   * @returns bytes received so far, this chunk included
   * @throws UploadError OFFSET_MISMATCH (resume at `received`), BUSY (another request is writing), TOO_LARGE
   * @throws whatever the content's stream throws; the bytes before that are kept
   */
  async append(
    projectId: string,
    sha256: string,
    offset: number,
    content: AsyncIterable<Uint8Array>,
  ): Promise<number> {
    const file = this.fileOf(projectId, sha256);
    return this.exclusively(file, async () => {
      let received = await sizeOf(file);
      if (offset !== received) {
        throw new UploadError("OFFSET_MISMATCH", `Expected byte ${received} next, not ${offset}`, received);
      }
      const handle = await open(file, "a");
      try {
        for await (const chunk of content) {
          if (received + chunk.byteLength > this.maxBytes) {
            throw new UploadError("TOO_LARGE", `The upload is larger than ${this.maxBytes} bytes`, received);
          }
          for (let written = 0; written < chunk.byteLength; ) {
            written += (await handle.write(chunk, written)).bytesWritten;
          }
          received += chunk.byteLength;
        }
      } finally {
        await handle.close();
      }
      return received;
    });
  }

  /**
   * Verifies the hash and hands the content to the artifact store. An upload of the wrong content is thrown away.
   *
   * @throws ArtifactError HASH_MISMATCH; NOT_FOUND when nothing was uploaded
   */
  async finish(projectId: string, sha256: string): Promise<StoredArtifact> {
    const file = this.fileOf(projectId, sha256);
    return this.exclusively(file, async () => {
      if (!(await stat(file).catch(() => null))) {
        throw new ArtifactError("NOT_FOUND", `Nothing was uploaded for ${sha256}`);
      }
      try {
        return await this.store.putFile(file, { sha256, maxBytes: this.maxBytes });
      } catch (error) {
        if (error instanceof ArtifactError) await rm(file, { force: true });
        throw error;
      }
    });
  }

  /** Removes uploads to which nothing was added for so long. @returns how many */
  async removeAbandoned(olderThanMilliseconds: number): Promise<number> {
    let removed = 0;
    for (const project of await readdir(this.folder).catch(() => [])) {
      for (const name of await readdir(path.join(this.folder, project))) {
        const file = path.join(this.folder, project, name);
        const info = await stat(file).catch(() => null);
        if (!info?.isFile() || Date.now() - info.mtimeMs < olderThanMilliseconds) continue;
        await rm(file, { force: true });
        removed++;
      }
    }
    return removed;
  }

  /** Removes all unfinished uploads of a project that was deleted. */
  async removeProject(projectId: string): Promise<void> {
    await rm(this.folderOf(projectId), { recursive: true, force: true });
  }

  private folderOf(projectId: string): string {
    if (!/^[0-9a-f-]{36}$/.test(projectId)) throw new TypeError(`"${projectId}" is not a project id`);
    return path.join(this.folder, projectId);
  }

  private fileOf(projectId: string, sha256: string): string {
    assertSha256(sha256);
    return path.join(this.folderOf(projectId), sha256);
  }

  private async exclusively<Result>(file: string, action: () => Promise<Result>): Promise<Result> {
    await mkdir(path.dirname(file), { recursive: true });
    const release = await lockfile.lock(file, { realpath: false, stale: 10_000 }).catch(async (error) => {
      if (error.code !== "ELOCKED") throw error;
      throw new UploadError("BUSY", "Another request is writing this upload; try again", await sizeOf(file));
    });
    try {
      return await action();
    } finally {
      await release();
    }
  }
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}
