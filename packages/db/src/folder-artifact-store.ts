import { randomUUID } from "node:crypto";
import {
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { copyFile, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import {
  type ArtifactError,
  type ArtifactStore,
  assertSha256,
  corrupt,
  defaultMaxBytes,
  type ListedArtifact,
  notFound,
  type PutOptions,
  type StoredArtifact,
  type Verification,
} from "./artifact-store.ts";
import {
  type FilePart,
  hashOnDisk,
  readLargePart,
  readSmallPart,
  sha256Of,
  smallBytes,
  sync,
  withDurable,
} from "./blob-file.ts";
import { FreeSpace, writing } from "./free-space.ts";
import { assertPromised, assertSize, hashFile, removeLeftFiles, spool, verified } from "./spool.ts";

export interface FolderArtifactStoreOptions {
  /** Largest blob in bytes; 16 GiB by default. */
  maxBytes?: number;
  /** What must stay free; by default a floor on the folder's own file system. */
  freeSpace?: FreeSpace;
}

/**
 * Artifacts in a folder, as `aa/bb/aabb…`. Any number of processes may share it (also over a network file
 * system): a blob is written beside, made durable, and renamed into place, so a reader never sees half of one.
 * Damaged blobs are moved to `damaged/aabb…`, for people to look at.
 */
export class FolderArtifactStore implements ArtifactStore {
  /** Folders `aabb` whose entries in the folders above are known to be durable. */
  private readonly durableFolders = new Set<string>();
  private readonly verifying = new Map<string, Promise<Verification>>();

  private constructor(
    private readonly folder: string,
    private readonly maxBytes: number,
    private readonly freeSpace: FreeSpace,
  ) {}

  static async open(
    folder: string,
    { maxBytes = defaultMaxBytes, freeSpace = new FreeSpace([folder]) }: FolderArtifactStoreOptions = {},
  ): Promise<FolderArtifactStore> {
    const store = new FolderArtifactStore(path.resolve(folder), maxBytes, freeSpace);
    await mkdir(store.incoming, { recursive: true });
    await store.removeLeftovers();
    return store;
  }

  private get incoming(): string {
    return path.join(this.folder, "incoming");
  }

  put(content: Uint8Array | AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<StoredArtifact> {
    return writing(() =>
      content instanceof Uint8Array && content.byteLength <= smallBytes
        ? this.putSmall(content, options)
        : this.putLarge(content, options),
    );
  }

  private async putLarge(
    content: Uint8Array | AsyncIterable<Uint8Array>,
    options: PutOptions,
  ): Promise<StoredArtifact> {
    const file = path.join(this.incoming, randomUUID());
    try {
      const stored = await spool(content, file, options.maxBytes ?? this.maxBytes, this.freeSpace);
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
    const stored = { sha256: sha256Of(content), bytes };
    assertPromised(stored, options.sha256);
    if (this.renew(stored) && this.contentOf(stored.sha256)?.equals(content)) return stored;
    this.freeSpace.require(bytes);
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
    await writing(async () => {
      await sync(file);
      // It may be old: it counts as put now.
      setTime(file);
      await this.moveIntoPlace(file, stored);
    });
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
    return (await stat(this.fileOf(sha256)).catch(this.missing(sha256))).size;
  }

  read(sha256: string): Promise<Buffer> {
    return this.readChecked(sha256);
  }

  readRange(sha256: string, offset: number, length: number): Promise<Buffer> {
    return this.readChecked(sha256, offset, length);
  }

  private async readChecked(sha256: string, offset?: number, length?: number): Promise<Buffer> {
    const file = this.fileOf(sha256);
    let part: FilePart;
    try {
      part =
        readSmallPart(file, sha256, offset, length) ?? (await readLargePart(file, sha256, offset, length));
    } catch (error) {
      return this.missing(sha256)(error as NodeJS.ErrnoException);
    }
    if (part.sha256 === null || part.sha256 === sha256) return part.bytes;
    await this.verify(sha256);
    throw corrupt(sha256);
  }

  async stream(sha256: string): Promise<Readable> {
    const handle = await open(this.fileOf(sha256)).catch(this.missing(sha256));
    return verified(handle.createReadStream({ highWaterMark: 2 ** 20 }), sha256, () => this.verify(sha256));
  }

  /** Asked for the same blob again meanwhile, it reads it once. */
  verify(sha256: string): Promise<Verification> {
    const known = this.verifying.get(sha256);
    if (known) return known;
    const verification = this.verifyOnce(sha256).finally(() => this.verifying.delete(sha256));
    this.verifying.set(sha256, verification);
    return verification;
  }

  private async verifyOnce(sha256: string): Promise<Verification> {
    const file = this.fileOf(sha256);
    const found = await hashOnDisk(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return null;
      throw error;
    });
    if (!found) return this.missingError(sha256).code === "CORRUPT" ? "DAMAGED" : "ABSENT";
    if (found.sha256 === sha256) return "SOUND";
    // Unless another process has healed it meanwhile.
    mkdirSync(path.dirname(this.damagedFileOf(sha256)), { recursive: true });
    if (found.isStillThere()) renameSync(file, this.damagedFileOf(sha256));
    return "DAMAGED";
  }

  async *list(prefix: string): AsyncGenerator<ListedArtifact, void, undefined> {
    const folder = path.join(this.folder, prefix);
    for (const middle of await readdir(folder).catch(nothing))
      for (const sha256 of await readdir(path.join(folder, middle)).catch(nothing)) {
        if (!/^[0-9a-f]{64}$/.test(sha256)) continue;
        const info = await stat(path.join(folder, middle, sha256)).catch(() => undefined);
        if (info) yield { sha256, bytes: info.size, writtenAt: info.mtime };
      }
  }

  async delete(sha256: string): Promise<void> {
    await rm(this.fileOf(sha256), { force: true });
    await rm(this.damagedFileOf(sha256), { force: true });
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
    if (!ifThere(() => renameSync(file, aside))) return false;
    if (statSync(aside).mtime < before) {
      rmSync(aside);
      rmSync(this.damagedFileOf(sha256), { force: true });
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

  requireSpace(bytes = 0): void {
    this.freeSpace.require(bytes);
  }

  async assertWritable(): Promise<void> {
    const content = randomUUID();
    const [written, placed] = [this.incoming, this.folder].map((folder) =>
      path.join(folder, `probe-${content}`),
    );
    try {
      await writing(async () => {
        this.freeSpace.require();
        await withDurable(openSync(written, "wx"), (descriptor) => writeFileSync(descriptor, content));
        await rename(written, placed);
        if ((await readFile(placed, "utf8")) !== content)
          throw new Error(`The artifact store in ${this.folder} does not give back what was written`);
      });
    } finally {
      await Promise.all([written, placed].map((file) => rm(file, { force: true }).catch(() => undefined)));
    }
  }

  removeLeftovers(): Promise<number> {
    return removeLeftFiles(this.incoming);
  }

  private fileOf(sha256: string): string {
    assertSha256(sha256);
    return path.join(this.folder, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  }

  private damagedFileOf(sha256: string): string {
    return path.join(this.folder, "damaged", sha256);
  }

  private missing(sha256: string): (error: NodeJS.ErrnoException) => never {
    return (error) => {
      throw error.code === "ENOENT" ? this.missingError(sha256, error) : error;
    };
  }

  private missingError(sha256: string, cause?: unknown): ArtifactError {
    const wasDamaged = statSync(this.damagedFileOf(sha256), { throwIfNoEntry: false }) !== undefined;
    return wasDamaged ? corrupt(sha256) : notFound(sha256, cause);
  }

  private seemsToHold({ sha256, bytes }: StoredArtifact): boolean {
    return statSync(this.fileOf(sha256), { throwIfNoEntry: false })?.size === bytes;
  }

  /**
   * Whether it seems to be there already; it then counts as put now. The last look is for a file that deleteUnused moved
   * while its time was set: the kernel finds a file first and sets its time then.
   */
  private renew(stored: StoredArtifact): boolean {
    return this.seemsToHold(stored) && setTime(this.fileOf(stored.sha256)) && this.seemsToHold(stored);
  }

  private contentOf(sha256: string): Buffer | undefined {
    let content: Buffer | undefined;
    ifThere(() => {
      content = readFileSync(this.fileOf(sha256));
    });
    return content;
  }

  private async moveIntoPlace(file: string, stored: StoredArtifact): Promise<void> {
    const { sha256, bytes } = stored;
    if (this.renew(stored) && (await this.verify(sha256)) === "SOUND") return;
    const target = this.fileOf(sha256);
    const folder = path.dirname(target);
    const made = mkdirSync(folder, { recursive: true }) !== undefined;
    try {
      renameSync(file, target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EXDEV") throw error;
      // The file lies on another file system: copy it beside first, so that the last step is a rename.
      this.freeSpace.require(bytes);
      const copy = path.join(this.incoming, randomUUID());
      try {
        await copyFile(file, copy);
        await sync(copy);
        await rename(copy, target);
      } finally {
        await rm(copy, { force: true });
      }
    }
    // An entry lasts when the folder that it is in was synced: the blob's, and that of each new folder. A folder that
    // another process has just made may not be durable yet, so each process sees to it once.
    const known = this.durableFolders.has(sha256.slice(0, 4)) && !made;
    await Promise.all([folder, ...(known ? [] : [path.dirname(folder), this.folder])].map(sync));
    this.durableFolders.add(sha256.slice(0, 4));
    rmSync(this.damagedFileOf(sha256), { force: true });
  }
}

/** Sets a file's time to now; false when it is gone. */
function setTime(file: string): boolean {
  const now = new Date();
  return ifThere(() => utimesSync(file, now, now));
}

/** Does something to a file; false when it is gone. */
function ifThere(act: () => void): boolean {
  try {
    act();
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
