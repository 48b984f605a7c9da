import { InvalidInputError as InvalidNumbers } from "@faultline/core";
import { ArtifactError, claimArtifacts, StorageError, type StoredArtifact } from "@faultline/db";
import { InvalidInputError as InvalidUpload } from "@faultline/inference";
import type { Context } from "../context.ts";
import { ConflictError, NotFoundError, parse, ValidationError } from "../errors.ts";
import { sha256 as sha256Schema } from "../names.ts";

/**
 * Call it before each row that is to name the upload: see `claimArtifacts`.
 *
 * @throws ValidationError for what is no hash, NotFoundError when the project has no such upload
 */
export async function requireArtifact(
  { pool }: Pick<Context, "pool">,
  projectId: string,
  sha256: string,
  field: string,
): Promise<void> {
  parse(sha256Schema, sha256, field);
  const claimed = await claimArtifacts(pool, projectId, [sha256]);
  if (!claimed.has(sha256))
    throw new NotFoundError(
      field,
      `The project has no upload ${sha256}. Send the file to PUT /uploads/${sha256} first.`,
    );
}

/** Bytes that are hashed at once, in a millisecond. */
const slice = 2 ** 20;

async function* slices(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += slice) yield bytes.subarray(at, at + slice);
}

/**
 * Stores what was derived from uploads of the project, on its quota.
 *
 * @param bytes how many a stream will have
 * @throws ConflictError when the quota has no room for it
 */
export async function storeArtifact(
  { artifactStore, storage }: Pick<Context, "artifactStore" | "storage">,
  projectId: string,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  bytes = content instanceof Uint8Array ? content.byteLength : 0,
): Promise<StoredArtifact> {
  try {
    await storage.requireRoom(projectId, bytes);
    const large = content instanceof Uint8Array && content.byteLength > slice;
    const stored = await artifactStore.put(large ? slices(content) : content);
    await storage.own(projectId, stored);
    return stored;
  } catch (error) {
    throw error instanceof StorageError ? new ConflictError("input", error.message) : error;
  }
}

/** Largest upload that is read into memory at once (models): 2 GiB less one byte. */
const largestInMemory = 2 ** 31 - 1;

/**
 * The bytes of an upload of the project.
 *
 * @param most bytes that it may have
 * @throws as {@link requireArtifact}; ValidationError above that size, and where the store's copy is damaged
 */
export async function readArtifact(
  context: Context,
  projectId: string,
  sha256: string,
  field: string,
  most = largestInMemory,
): Promise<Buffer> {
  await requireArtifact(context, projectId, sha256, field);
  const size = await context.artifactStore.size(sha256);
  if (size > most)
    throw ValidationError.of(field, `The file has ${size} bytes; at most ${most} are taken here.`);
  return context.artifactStore.read(sha256).catch((error) => {
    if (error instanceof ArtifactError && error.code === "CORRUPT")
      throw ValidationError.of(field, error.message);
    throw error;
  });
}

/**
 * Runs checks of packages/inference and packages/core and turns what they say about a user's file into a
 * ValidationError.
 *
 * @param fields argument path of each part that they may name; `input` for any other
 */
export async function checked<T>(fields: Record<string, string>, check: () => T | Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof InvalidUpload || error instanceof InvalidNumbers) {
      const part = Object.keys(fields).find(
        (key) =>
          error.field === key || (/^[.,]/.test(error.field.slice(key.length)) && error.field.startsWith(key)),
      );
      throw ValidationError.of(part ? fields[part] : `input.${error.field}`, error.message);
    }
    throw error;
  }
}
