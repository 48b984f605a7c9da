import type { Readable } from "node:stream";

/** A stored blob: its sha256 in lower-case hexadecimal is its only name. */
export interface StoredArtifact {
  sha256: string;
  bytes: number;
}

export interface PutOptions {
  /** The hash that the sender promised; anything else is refused. */
  sha256?: string;
  /** Largest size in bytes; by default the store's own limit. */
  maxBytes?: number;
}

/** A blob as a walk through the store sees it. */
export interface ListedArtifact extends StoredArtifact {
  /** When it was last put. */
  writtenAt: Date;
}

/** What a look at a stored blob has shown. */
export type Verification = "SOUND" | "DAMAGED" | "ABSENT";

/**
 * Content-addressed blobs. Storing the same content twice keeps one copy; a stored blob never changes. Whatever is
 * read whole is checked against its hash. A blob found damaged is set aside: the store no longer has it, says
 * CORRUPT instead of NOT_FOUND where it can, and storing the content again heals it.
 */
export interface ArtifactStore {
  /**
   * Afterwards the store holds this content, also where a damaged copy of it lay.
   *
   * @throws ArtifactError TOO_LARGE, HASH_MISMATCH, NO_SPACE (nothing is kept then)
   */
  put(content: Uint8Array | AsyncIterable<Uint8Array>, options?: PutOptions): Promise<StoredArtifact>;
  /** Takes a local file over: afterwards it is gone from its place. Errors as put(); the file stays then. */
  putFile(file: string, options?: PutOptions): Promise<StoredArtifact>;
  has(sha256: string): Promise<boolean>;
  /** Size in bytes. @throws ArtifactError NOT_FOUND, CORRUPT */
  size(sha256: string): Promise<number>;
  /** The whole blob. @throws ArtifactError NOT_FOUND, CORRUPT */
  read(sha256: string): Promise<Buffer>;
  /**
   * Exactly `length` bytes from `offset`. Only a range that is the whole blob is checked against the hash.
   *
   * @throws ArtifactError NOT_FOUND, OUT_OF_RANGE, CORRUPT
   */
  readRange(sha256: string, offset: number, length: number): Promise<Buffer>;
  /**
   * The blob as a stream, with backpressure. A damaged one ends with ArtifactError CORRUPT before its last chunk.
   *
   * @throws ArtifactError NOT_FOUND, CORRUPT before the first byte
   */
  stream(sha256: string): Promise<Readable>;
  /** Reads the blob, sets it aside if it is damaged, and tells. */
  verify(sha256: string): Promise<Verification>;
  /**
   * The blobs whose hash begins with two hexadecimal digits, in any order. One that is put or deleted meanwhile may be
   * among them or not.
   */
  list(prefix: string): AsyncIterable<ListedArtifact>;
  /** Deleting what is not there is no error. */
  delete(sha256: string): Promise<void>;
  /**
   * Deletes a blob that was last put before a moment. Putting content that is there already counts as putting it, so
   * that whoever has just put it can rely on it (artifact-sweep.ts).
   *
   * @returns whether it was deleted
   */
  deleteUnused(sha256: string, before: Date): Promise<boolean>;
  /** Who may sweep the store, and since when: the first that ever claimed it. */
  claim(id: string): Promise<{ owner: string; since: Date }>;
  /** Checks the floor of free space. @throws ArtifactError NO_SPACE when `bytes` more may not be stored */
  requireSpace(bytes?: number): void;
  /** Really writes something, reads it back and removes it. @throws when the store does not take it */
  assertWritable(): Promise<void>;
  /** Removes files of processes that were killed while they wrote, a day later. @returns how many */
  removeLeftovers(): Promise<number>;
}

export type ArtifactErrorCode =
  | "NOT_FOUND"
  | "TOO_LARGE"
  | "HASH_MISMATCH"
  | "INVALID_HASH"
  | "OUT_OF_RANGE"
  | "CORRUPT"
  | "NO_SPACE";

export class ArtifactError extends Error {
  override readonly name = "ArtifactError";
  constructor(
    readonly code: ArtifactErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Default limit of one blob: 16 GiB. */
export const defaultMaxBytes = 16 * 2 ** 30;

/** @throws ArtifactError INVALID_HASH: a hash becomes part of a path, so nothing else may pass. */
export function assertSha256(sha256: string): void {
  if (!/^[0-9a-f]{64}$/.test(sha256)) {
    throw new ArtifactError(
      "INVALID_HASH",
      `"${sha256.slice(0, 80)}" is not a sha256: 64 lower-case hexadecimal digits`,
    );
  }
}

export function notFound(sha256: string, cause?: unknown): ArtifactError {
  return new ArtifactError("NOT_FOUND", `Artifact ${sha256} is not in the store`, { cause });
}

export function corrupt(sha256: string): ArtifactError {
  return new ArtifactError(
    "CORRUPT",
    `Artifact ${sha256} is damaged in the store: its content no longer has this sha256. Upload the same file again, or run again what made it.`,
  );
}

export function outOfRange(sha256: string, end: number): ArtifactError {
  return new ArtifactError("OUT_OF_RANGE", `Artifact ${sha256} ends before byte ${end}`);
}
