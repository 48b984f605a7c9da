import { constants, type FileHandle, mkdir, open, readdir, rm, rmdir, stat } from "node:fs/promises";
import path from "node:path";
import lockfile from "proper-lockfile";
import {
  ArtifactError,
  type ArtifactStore,
  assertSha256,
  defaultMaxBytes,
  type StoredArtifact,
} from "./artifact-store.ts";
import { writing } from "./free-space.ts";
import type { ProjectStorage } from "./project-storage.ts";
import { spaceStep } from "./spool.ts";

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

export interface UploadsOptions {
  /** Where parts are kept. Its file system must be one that the store's floor of free space watches. */
  folder: string;
  store: ArtifactStore;
  storage: ProjectStorage;
  /** Largest upload in bytes; 16 GiB by default. */
  maxBytes?: number;
  /** A lock that was not renewed for so many milliseconds is nobody's; at least 2 s, 10 s by default. */
  lockLifetime?: number;
}

/**
 * Uploads that can be resumed: a partial file for each project and hash, to which chunks are appended in order.
 * What has arrived when a connection breaks is kept. Processes that share the folder may serve the same upload,
 * one at a time.
 */
export class Uploads {
  readonly maxBytes: number;
  private readonly folder: string;
  private readonly store: ArtifactStore;
  private readonly storage: ProjectStorage;
  private readonly lockLifetime: number;

  constructor(options: UploadsOptions) {
    this.folder = options.folder;
    this.store = options.store;
    this.storage = options.storage;
    this.maxBytes = options.maxBytes ?? defaultMaxBytes;
    this.lockLifetime = options.lockLifetime ?? 10_000;
  }

  /** Bytes received so far of an unfinished upload; 0 when there is none. */
  async received(projectId: string, sha256: string): Promise<number> {
    return sizeOf(this.fileOf(projectId, sha256));
  }

  /**
   * Appends content that begins at `offset` of the whole.
   *
   * @param total bytes of the whole where they are known: the room for them is reserved before any is taken
   * @returns bytes received so far, this chunk included
   * @throws UploadError OFFSET_MISMATCH (resume at `received`), BUSY (another request is writing), TOO_LARGE
   * @throws StorageError; ArtifactError NO_SPACE
   * @throws whatever the content's stream throws; the bytes before that are kept
   */
  async append(
    projectId: string,
    sha256: string,
    offset: number,
    content: AsyncIterable<Uint8Array>,
    total?: number,
  ): Promise<number> {
    const file = this.fileOf(projectId, sha256);
    return this.exclusively(file, async (lost) => {
      const received = await sizeOf(file);
      if (offset !== received) {
        throw new UploadError("OFFSET_MISMATCH", `Expected byte ${received} next, not ${offset}`, received);
      }
      const reserve = (needed: number) =>
        this.storage.reserve(
          projectId,
          sha256,
          Math.max(needed, total ?? 0),
          Math.max(needed, total ?? Math.min(needed + reservationStep, this.maxBytes)),
        );
      const reserved = await reserve(received);
      this.store.requireSpace(Math.max(0, (total ?? 0) - received));
      // Not by appending: should two requests write after all, both put the same bytes into the same place.
      const handle = await open(file, constants.O_WRONLY | constants.O_CREAT);
      try {
        return await writing(() => this.write(handle, received, reserved, reserve, until(lost, content)));
      } finally {
        await handle.close();
      }
    });
  }

  private async write(
    handle: FileHandle,
    offset: number,
    granted: number,
    reserve: (needed: number) => Promise<number>,
    content: AsyncIterable<Uint8Array>,
  ): Promise<number> {
    let [received, reserved, checked] = [offset, granted, offset];
    for await (const chunk of content) {
      const end = received + chunk.byteLength;
      if (end > this.maxBytes) {
        throw new UploadError("TOO_LARGE", `The upload is larger than ${this.maxBytes} bytes`, received);
      }
      if (end > reserved) reserved = await reserve(end);
      if (end - checked >= spaceStep) {
        this.store.requireSpace(chunk.byteLength);
        checked = end;
      }
      for (let written = 0; written < chunk.byteLength; ) {
        const { bytesWritten } = await handle.write(
          chunk,
          written,
          chunk.byteLength - written,
          received + written,
        );
        written += bytesWritten;
      }
      received = end;
    }
    return received;
  }

  /**
   * Verifies the hash, hands the content to the artifact store and records that the project owns it. An upload of the
   * wrong content is thrown away.
   *
   * @throws ArtifactError HASH_MISMATCH, NO_SPACE; NOT_FOUND when nothing was uploaded
   */
  async finish(projectId: string, sha256: string): Promise<StoredArtifact> {
    const file = this.fileOf(projectId, sha256);
    return this.exclusively(file, async () => {
      if (!(await stat(file).catch(() => null))) {
        throw new ArtifactError("NOT_FOUND", `Nothing was uploaded for ${sha256}`);
      }
      try {
        const stored = await this.store.putFile(file, { sha256, maxBytes: this.maxBytes });
        await this.storage.own(projectId, stored);
        return stored;
      } catch (error) {
        if (error instanceof ArtifactError && error.code !== "NO_SPACE") await this.remove(projectId, sha256);
        throw error;
      }
    });
  }

  /** Throws an unfinished upload away. @throws UploadError BUSY */
  async abandon(projectId: string, sha256: string): Promise<void> {
    await this.exclusively(this.fileOf(projectId, sha256), () => this.remove(projectId, sha256));
  }

  /**
   * Removes uploads to which nothing was added for so long, with what was reserved for them, and locks and folders
   * that nobody uses any more.
   *
   * @returns how many uploads
   */
  async removeAbandoned(olderThanMilliseconds: number): Promise<number> {
    const reserved = await this.storage.unfinishedSince(olderThanMilliseconds);
    const abandoned = new Map(reserved.map((upload) => [`${upload.projectId}/${upload.sha256}`, upload]));
    for (const projectId of await readdir(this.folder).catch(() => [])) {
      if (!isProjectId(projectId)) continue;
      for (const name of await readdir(path.join(this.folder, projectId)).catch(() => [])) {
        const place = path.join(this.folder, projectId, name);
        const isLock = name.endsWith(".lock");
        const age = isLock ? Math.max(olderThanMilliseconds, this.lockLifetime) : olderThanMilliseconds;
        if (!(await isOlder(place, age))) continue;
        if (isLock) await rmdir(place).catch(() => undefined);
        else if (/^[0-9a-f]{64}$/.test(name))
          abandoned.set(`${projectId}/${name}`, { projectId, sha256: name });
      }
    }
    let removed = 0;
    for (const { projectId, sha256 } of abandoned.values()) {
      const file = this.fileOf(projectId, sha256);
      await this.exclusively(file, async () => {
        // Something may have been added until now.
        if ((await stat(file).catch(() => null)) && !(await isOlder(file, olderThanMilliseconds))) return;
        await this.remove(projectId, sha256);
        removed++;
      }).catch((error) => {
        if (!(error instanceof UploadError)) throw error;
      });
    }
    // Fails, as it should, where something is in it.
    for (const name of await readdir(this.folder).catch(() => []))
      if (isProjectId(name)) await rmdir(path.join(this.folder, name)).catch(() => undefined);
    return removed;
  }

  /** Removes all unfinished uploads of a project that was deleted; their reservations went with it. */
  async removeProject(projectId: string): Promise<void> {
    await rm(this.folderOf(projectId), { recursive: true, force: true });
  }

  private async remove(projectId: string, sha256: string): Promise<void> {
    await rm(this.fileOf(projectId, sha256), { force: true });
    await this.storage.release(projectId, sha256);
  }

  private folderOf(projectId: string): string {
    if (!isProjectId(projectId)) throw new TypeError(`"${projectId}" is not a project id`);
    return path.join(this.folder, projectId);
  }

  private fileOf(projectId: string, sha256: string): string {
    assertSha256(sha256);
    return path.join(this.folderOf(projectId), sha256);
  }

  /**
   * @param action is given a signal that fires when the lock was lost (somebody removed it, or this process stood
   *   still for longer than it lasts): then another request may write, so this one must not
   */
  private async exclusively<Result>(
    file: string,
    action: (lost: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const lost = new AbortController();
    const lock = async () => {
      await mkdir(path.dirname(file), { recursive: true });
      return lockfile.lock(file, {
        realpath: false,
        stale: this.lockLifetime,
        // By default it throws where nobody can catch it, which ends the process.
        onCompromised: () => void busy(file).then((error) => lost.abort(error)),
      });
    };
    const release = await lock()
      // The folder may have been removed, empty, since it was made.
      .catch((error) => (error.code === "ENOENT" ? lock() : Promise.reject(error)))
      .catch(async (error) => {
        throw error.code === "ELOCKED" ? await busy(file) : error;
      });
    try {
      return await action(lost.signal);
    } finally {
      // A lock that was lost cannot be released, and one that cannot be removed ends by itself.
      await release().catch(() => undefined);
    }
  }
}

/** An upload that does not say how long it is reserves room by so many bytes. */
const reservationStep = 64 * 2 ** 20;

async function busy(file: string): Promise<UploadError> {
  return new UploadError("BUSY", "Another request is writing this upload; try again", await sizeOf(file));
}

/** The content, until the signal fires: then its reason is thrown, even while the content keeps us waiting. */
async function* until(
  signal: AbortSignal,
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = content[Symbol.asyncIterator]();
  let fail: (reason: unknown) => void = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  aborted.catch(() => undefined);
  const onAbort = () => fail(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await Promise.race([iterator.next(), aborted]);
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    // Not awaited: it waits for the bytes that keep us waiting.
    void iterator.return?.().catch(() => undefined);
  }
}

function isProjectId(name: string): boolean {
  return /^[0-9a-f-]{36}$/.test(name);
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

async function isOlder(file: string, milliseconds: number): Promise<boolean> {
  const info = await stat(file).catch(() => null);
  return info !== null && Date.now() - info.mtimeMs >= milliseconds;
}
