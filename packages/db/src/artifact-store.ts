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

/** A blob as the sweep sees it. */
export interface ListedArtifact {
  sha256: string;
  /** When it was last put. */
  writtenAt: Date;
}

/** Content-addressed blobs. Storing the same content twice keeps one copy; a stored blob never changes. */
export interface ArtifactStore {
  /** @throws ArtifactError TOO_LARGE, HASH_MISMATCH (nothing is kept then) */
  put(content: Uint8Array | AsyncIterable<Uint8Array>, options?: PutOptions): Promise<StoredArtifact>;
  /** Takes a local file over: afterwards it is gone from its place. Errors as put(). */
  putFile(file: string, options?: PutOptions): Promise<StoredArtifact>;
  has(sha256: string): Promise<boolean>;
  /** Size in bytes. @throws ArtifactError NOT_FOUND */
  size(sha256: string): Promise<number>;
  /** The whole blob. @throws ArtifactError NOT_FOUND */
  read(sha256: string): Promise<Buffer>;
  /** Exactly `length` bytes from `offset`. @throws ArtifactError NOT_FOUND, OUT_OF_RANGE */
  readRange(sha256: string, offset: number, length: number): Promise<Buffer>;
  /** The blob as a stream, with backpressure. @throws ArtifactError NOT_FOUND before the first byte */
  stream(sha256: string): Promise<Readable>;
  /** Deleting what is not there is no error. */
  delete(sha256: string): Promise<void>;
  /**
   * The blobs whose hash begins with two hexadecimal digits, in any order. One that is put or deleted meanwhile may be
   * among them or not.
   */
  list(prefix: string): AsyncIterable<ListedArtifact>;
  /**
   * Deletes a blob that was last put before a moment. Putting content that is there already counts as putting it, so
   * that whoever has just put it can rely on it (artifact-sweep.ts).
   *
   * @returns whether it was deleted
   */
  deleteUnused(sha256: string, before: Date): Promise<boolean>;
  /** Who may sweep the store, and since when: the first that ever claimed it. */
  claim(id: string): Promise<{ owner: string; since: Date }>;
}

export type ArtifactErrorCode = "NOT_FOUND" | "TOO_LARGE" | "HASH_MISMATCH" | "INVALID_HASH" | "OUT_OF_RANGE";

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
