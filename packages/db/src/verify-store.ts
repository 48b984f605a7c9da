import type { ArtifactStore, StoredArtifact } from "./artifact-store.ts";

export interface VerifyStoreOptions {
  /** Go on after this hash: `next` of an earlier result. */
  after?: string;
  /** At most so many blobs; all by default. */
  maximumBlobs?: number;
  /** Ends after the blob with which so many bytes have been read; never by default. */
  maximumBytes?: number;
  /** Ends between two blobs. */
  signal?: AbortSignal;
}

export interface StoreVerification {
  blobs: number;
  bytes: number;
  /** Hashes of the blobs that are damaged; they were set aside, so that storing their content again heals them. */
  damaged: string[];
  /** Where to go on; null when every blob has been read. */
  next: string | null;
}

/** Reads blobs again, in the order of their hashes, and checks each against its hash. Others may write meanwhile. */
export async function verifyStore(
  store: ArtifactStore,
  {
    after = "",
    maximumBlobs = Number.POSITIVE_INFINITY,
    maximumBytes = Number.POSITIVE_INFINITY,
    signal,
  }: VerifyStoreOptions = {},
): Promise<StoreVerification> {
  const result: StoreVerification = { blobs: 0, bytes: 0, damaged: [], next: after };
  for (let first = Number.parseInt(after.slice(0, 2) || "0", 16); first < 256; first++) {
    const listed: StoredArtifact[] = [];
    for await (const blob of store.list(first.toString(16).padStart(2, "0")))
      if (blob.sha256 > after) listed.push(blob);
    for (const { sha256, bytes } of listed.sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1))) {
      if (signal?.aborted || result.blobs >= maximumBlobs || result.bytes >= maximumBytes) return result;
      // What was deleted meanwhile is not damaged.
      if ((await store.verify(sha256)) === "DAMAGED") result.damaged.push(sha256);
      result.blobs++;
      result.bytes += bytes;
      result.next = sha256;
    }
  }
  return { ...result, next: null };
}
