import { createHash, randomUUID } from "node:crypto";
import {
  closeSync,
  fstatSync,
  fsync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { copyFile, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import {
  ArtifactError,
  type ArtifactStore,
  assertSha256,
  defaultMaxBytes,
  type ListedArtifact,
  type PutOptions,
  type StoredArtifact,
} from "./artifact-store.ts";
import { assertPromised, assertSize, hashFile, spool } from "./spool.ts";

/**
 * Up to so many bytes are read and written at once, on the calling thread: 0.01 ms for a photograph of 1 kB, 0.05 ms for
 * 256 kB. Each of the four trips through libuv's thread pool that `readFile` makes costs more than that (0.06 ms in all,
 * 0.17 beside busy cores), which a run pays for every picture, and for every shard that a detector is measured on.
 * Writing would take eleven, 1.7 ms of processor time instead of 0.5: only what waits for the disk stays one.
 */
const smallBytes = 256 * 2 ** 10;

const abandonedAfter = 24 * 60 * 60 * 1000;

/**
 * Artifacts in a folder, as `aa/bb/aabb…`. Any number of processes may share it (also over a network file
 * system): a blob is written beside, made durable, and renamed into place, so a reader never sees half of one.
 */
export class FolderArtifactStore implements ArtifactStore {
  private constructor(
    private readonly folder: string,
    private readonly maxBytes: number,
  ) {}

  static async open(folder: string, { maxBytes = defaultMaxBytes } = {}): Promise<FolderArtifactStore> {
    const store = new FolderArtifactStore(path.resolve(folder), maxBytes);
    await mkdir(store.incoming, { recursive: true });
    await store.removeAbandoned();
    return store;
  }

  private get incoming(): string {
    return path.join(this.folder, "incoming");
  }

  async put(
    content: Uint8Array | AsyncIterable<Uint8Array>,
    options: PutOptions = {},
  ): Promise<StoredArtifact> {
    if (content instanceof Uint8Array && content.byteLength <= smallBytes)
      return this.putSmall(content, options);
    const file = path.join(this.incoming, randomUUID());
    try {
      const stored = await spool(content, file, options.maxBytes ?? this.maxBytes);
      assertPromised(stored, options.sha256);
      await this.moveIntoPlace(file, stored);
      return stored;
    } finally {
      await rm(file, { force: true });
    }
  }

  private async putSmall(content: Uint8Array, options: PutOptions): Promise<StoredArtifact> {
    const bytes = content.byteLength;
    assertSize(bytes, options.maxBytes ?? this.maxBytes);
    const stored = { sha256: createHash("sha256").update(content).digest("hex"), bytes };
    assertPromised(stored, options.sha256);
    if (this.holds(stored)) return stored;
    const file = path.join(this.incoming, randomUUID());
    try {
      await withDurable(openSync(file, "wx"), (descriptor) => writeFileSync(descriptor, content));
      await this.moveIntoPlace(file, stored);
      return stored;
    } finally {
      rmSync(file, { force: true });
    }
  }

  async putFile(file: string, options: PutOptions = {}): Promise<StoredArtifact> {
    const stored = await hashFile(file, options.maxBytes ?? this.maxBytes);
    assertPromised(stored, options.sha256);
    await sync(file);
    await this.moveIntoPlace(file, stored);
    await rm(file, { force: true });
    return stored;
  }

  async has(sha256: string): Promise<boolean> {
    return stat(this.fileOf(sha256)).then(
      () => true,
      () => false,
    );
  }

  async size(sha256: string): Promise<number> {
    return (await stat(this.fileOf(sha256)).catch(notFound(sha256))).size;
  }

  async read(sha256: string): Promise<Buffer> {
    const file = this.fileOf(sha256);
    return readSmall(file, sha256) ?? readFile(file).catch(notFound(sha256));
  }

  async readRange(sha256: string, offset: number, length: number): Promise<Buffer> {
    const file = this.fileOf(sha256);
    if (length <= smallBytes) return readRangeNow(file, sha256, offset, length);
    const handle = await open(file).catch(notFound(sha256));
    try {
      const buffer = Buffer.allocUnsafe(length);
      for (let filled = 0; filled < length; ) {
        const { bytesRead } = await handle.read(buffer, filled, length - filled, offset + filled);
        if (bytesRead === 0) throw outOfRange(sha256, offset, length, filled);
        filled += bytesRead;
      }
      return buffer;
    } finally {
      await handle.close();
    }
  }

  async stream(sha256: string): Promise<Readable> {
    const handle = await open(this.fileOf(sha256)).catch(notFound(sha256));
    return handle.createReadStream({ highWaterMark: 2 ** 20 });
  }

  async delete(sha256: string): Promise<void> {
    await rm(this.fileOf(sha256), { force: true });
  }

  async *list(prefix: string): AsyncGenerator<ListedArtifact, void, undefined> {
    const folder = path.join(this.folder, prefix);
    for (const middle of await readdir(folder).catch(nothing))
      for (const name of await readdir(path.join(folder, middle)).catch(nothing)) {
        if (!/^[0-9a-f]{64}$/.test(name)) continue;
        const info = await stat(path.join(folder, middle, name)).catch(() => undefined);
        if (info) yield { sha256: name, writtenAt: info.mtime };
      }
  }

  /**
   * Between a look at the file's time and its removal another process could put it. So it is moved aside first: who
   * puts it afterwards finds nothing and writes it anew; who had put it before has renewed its time, and it goes back.
   */
  async deleteUnused(sha256: string, before: Date): Promise<boolean> {
    const file = this.fileOf(sha256);
    const info = statSync(file, { throwIfNoEntry: false });
    if (!info || info.mtime >= before) return false;
    const aside = path.join(this.incoming, randomUUID());
    try {
      renameSync(file, aside);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw error;
    }
    if (statSync(aside).mtime < before) {
      rmSync(aside);
      return true;
    }
    renameSync(aside, file);
    return false;
  }

  async claim(id: string): Promise<{ owner: string; since: Date }> {
    const file = path.join(this.folder, "owner");
    await writeFile(file, id, { flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
    return { owner: await readFile(file, "utf8"), since: (await stat(file)).mtime };
  }

  private fileOf(sha256: string): string {
    assertSha256(sha256);
    return path.join(this.folder, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  }

  /**
   * Whether it is there already; it then counts as put now. The last look is for a file that deleteUnused moved while
   * its time was set: the kernel finds a file first and sets its time then.
   */
  private holds({ sha256, bytes }: StoredArtifact): boolean {
    const file = this.fileOf(sha256);
    const isThere = () => statSync(file, { throwIfNoEntry: false })?.size === bytes;
    return isThere() && renew(file) && isThere();
  }

  private async moveIntoPlace(file: string, stored: StoredArtifact): Promise<void> {
    if (this.holds(stored)) return;
    const target = this.fileOf(stored.sha256);
    mkdirSync(path.dirname(target), { recursive: true });
    renew(file);
    try {
      renameSync(file, target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EXDEV") throw error;
      // The file lies on another file system: copy it beside first, so that the last step is a rename.
      const copy = path.join(this.incoming, randomUUID());
      await copyFile(file, copy);
      await sync(copy);
      await rename(copy, target);
    }
    await sync(path.dirname(target));
  }

  /** Files of processes that were killed while they wrote. */
  private async removeAbandoned(): Promise<void> {
    for (const name of await readdir(this.incoming)) {
      const file = path.join(this.incoming, name);
      const age = await stat(file).then(
        ({ mtimeMs }) => Date.now() - mtimeMs,
        () => 0,
      );
      if (age > abandonedAfter) await rm(file, { force: true });
    }
  }
}

/** Sets a file's time to now; false when it is gone. */
function renew(file: string): boolean {
  const now = new Date();
  try {
    utimesSync(file, now, now);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/** The entries of a folder that is not there. */
function nothing(error: NodeJS.ErrnoException): string[] {
  if (error.code === "ENOENT") return [];
  throw error;
}

/** The whole blob when it is small, else undefined. */
function readSmall(file: string, sha256: string): Buffer | undefined {
  return withDescriptor(file, sha256, (descriptor) => {
    const { size } = fstatSync(descriptor);
    return size > smallBytes ? undefined : readNow(descriptor, sha256, 0, size);
  });
}

function readRangeNow(file: string, sha256: string, offset: number, length: number): Buffer {
  return withDescriptor(file, sha256, (descriptor) => readNow(descriptor, sha256, offset, length));
}

function withDescriptor<T>(file: string, sha256: string, use: (descriptor: number) => T): T {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch (error) {
    return notFound(sha256)(error as NodeJS.ErrnoException);
  }
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function readNow(descriptor: number, sha256: string, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let filled = 0; filled < length; ) {
    const read = readSync(descriptor, bytes, filled, length - filled, offset + filled);
    if (read === 0) throw outOfRange(sha256, offset, length, filled);
    filled += read;
  }
  return bytes;
}

function outOfRange(sha256: string, offset: number, length: number, read: number): ArtifactError {
  return new ArtifactError(
    "OUT_OF_RANGE",
    `Artifact ${sha256} ends before byte ${offset + length}: it has ${offset + read} bytes`,
  );
}

function notFound(sha256: string): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    if (error.code !== "ENOENT") throw error;
    throw new ArtifactError("NOT_FOUND", `Artifact ${sha256} is not in the store`, { cause: error });
  };
}

async function sync(file: string): Promise<void> {
  await withDurable(openSync(file, "r"), () => {});
}

const flush = promisify(fsync);

/** Makes durable what `use` has done to an open file or folder, and closes it. */
async function withDurable(descriptor: number, use: (descriptor: number) => void): Promise<void> {
  try {
    use(descriptor);
    await flush(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
