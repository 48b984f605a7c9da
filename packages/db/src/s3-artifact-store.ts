import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Readable } from "node:stream";
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
  type S3ClientConfig,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import {
  type ArtifactError,
  type ArtifactStore,
  assertSha256,
  corrupt,
  defaultMaxBytes,
  type ListedArtifact,
  notFound,
  outOfRange,
  type PutOptions,
  type StoredArtifact,
  type Verification,
} from "./artifact-store.ts";
import { sha256Of } from "./blob-file.ts";
import { FreeSpace, writing } from "./free-space.ts";
import { assertPromised, hashFile, hashStream, removeLeftFiles, spool, verified } from "./spool.ts";

/** Content that is put again is sent again when it is older, in milliseconds; far less than the sweep's grace period. */
const renewedAfter = 60 * 60 * 1000;

export interface S3ArtifactStoreOptions {
  bucket: string;
  /** Key prefix without a slash at its ends; none by default. */
  prefix?: string;
  maxBytes?: number;
  /** Where content is spooled while its hash is not known yet. */
  spoolDirectory?: string;
  /** What must stay free; by default a floor on the file system of the spool directory. */
  freeSpace?: FreeSpace;
  /** Endpoint, region and credentials; by default those of the environment (AWS_ENDPOINT_URL, AWS_REGION, ...). */
  client?: S3ClientConfig;
}

/** One request copies no more than this: 5 GiB. */
const largestCopy = 5 * 2 ** 30;

/**
 * Artifacts in a bucket of S3 or of a server that speaks its protocol, as `prefix/aa/bb/aabb…`. Damaged blobs are moved
 * to `prefix/damaged/aabb…` up to 5 GiB, and deleted beyond that.
 */
export class S3ArtifactStore implements ArtifactStore {
  private readonly client: S3Client;
  private readonly bucket: string;
  private readonly prefix: string;
  private readonly maxBytes: number;
  private readonly spoolDirectory: string;
  private readonly freeSpace: FreeSpace;

  constructor(options: S3ArtifactStoreOptions) {
    this.bucket = options.bucket;
    this.prefix = options.prefix ? `${options.prefix}/` : "";
    this.maxBytes = options.maxBytes ?? defaultMaxBytes;
    this.spoolDirectory = options.spoolDirectory ?? path.join(tmpdir(), "faultline-spool");
    this.freeSpace = options.freeSpace ?? new FreeSpace([this.spoolDirectory]);
    const ownEndpoint =
      options.client?.endpoint ?? process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
    this.client = new S3Client({
      // Servers other than Amazon's rarely answer to bucket.host, nor do all know the newer checksums.
      forcePathStyle: ownEndpoint !== undefined,
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      ...options.client,
    });
  }

  put(content: Uint8Array | AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<StoredArtifact> {
    return writing(async () => {
      await mkdir(this.spoolDirectory, { recursive: true });
      const file = path.join(this.spoolDirectory, randomUUID());
      try {
        const stored = await spool(content, file, options.maxBytes ?? this.maxBytes, this.freeSpace);
        assertPromised(stored, options.sha256);
        await this.upload(file, stored);
        return stored;
      } finally {
        await rm(file, { force: true });
      }
    });
  }

  async putFile(file: string, options: PutOptions = {}): Promise<StoredArtifact> {
    const stored = await hashFile(file, options.maxBytes ?? this.maxBytes);
    assertPromised(stored, options.sha256);
    await this.upload(file, stored);
    await rm(file, { force: true });
    return stored;
  }

  async has(sha256: string): Promise<boolean> {
    return (await this.head(this.object(sha256))) !== null;
  }

  async size(sha256: string): Promise<number> {
    const head = await this.head(this.object(sha256));
    if (!head) throw await this.missing(sha256);
    return head.ContentLength ?? 0;
  }

  async read(sha256: string): Promise<Buffer> {
    const { Body } = await this.get(sha256);
    return this.checked(await collect(Body as Readable), sha256);
  }

  async readRange(sha256: string, offset: number, length: number): Promise<Buffer> {
    if (length === 0) return Buffer.alloc(0);
    const { Body, ContentRange } = await this.get(sha256, `bytes=${offset}-${offset + length - 1}`);
    const bytes = await collect(Body as Readable);
    if (bytes.byteLength !== length) throw outOfRange(sha256, offset + length);
    return ContentRange?.endsWith(`/${length}`) ? this.checked(bytes, sha256) : bytes;
  }

  async stream(sha256: string): Promise<Readable> {
    const { Body } = await this.get(sha256);
    return verified(Body as Readable, sha256, () => this.verify(sha256));
  }

  async verify(sha256: string): Promise<Verification> {
    const object = this.object(sha256);
    const found = await this.client.send(new GetObjectCommand(object)).catch((error) => {
      if (statusOf(error) === 404) return null;
      throw error;
    });
    if (!found) return (await this.head(this.damagedObject(sha256))) ? "DAMAGED" : "ABSENT";
    if ((await hashStream(found.Body as Readable)).sha256 === sha256) return "SOUND";
    const now = await this.head(object);
    // Unless another process has healed it meanwhile.
    if (now && now.LastModified?.getTime() === found.LastModified?.getTime()) {
      const { Bucket, Key } = object;
      if ((now.ContentLength ?? 0) <= largestCopy)
        await this.client.send(
          new CopyObjectCommand({ ...this.damagedObject(sha256), CopySource: `${Bucket}/${Key}` }),
        );
      await this.client.send(new DeleteObjectCommand(object));
    }
    return "DAMAGED";
  }

  async *list(prefix: string): AsyncGenerator<ListedArtifact, void, undefined> {
    const pages = paginateListObjectsV2(
      { client: this.client },
      { Bucket: this.bucket, Prefix: `${this.prefix}${prefix}/` },
    );
    for await (const { Contents = [] } of pages)
      for (const { Key = "", Size = 0, LastModified } of Contents) {
        const sha256 = path.posix.basename(Key);
        if (LastModified && /^[0-9a-f]{64}$/.test(sha256))
          yield { sha256, bytes: Size, writtenAt: LastModified };
      }
  }

  async delete(sha256: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand(this.object(sha256)));
    await this.client.send(new DeleteObjectCommand(this.damagedObject(sha256)));
  }

  /** S3 cannot delete by age: content that is put again between these two requests, a day after it was last used, is lost. */
  async deleteUnused(sha256: string, before: Date): Promise<boolean> {
    const held = await this.head(this.object(sha256));
    if (!held?.LastModified || held.LastModified >= before) return false;
    await this.delete(sha256);
    return true;
  }

  async claim(id: string): Promise<{ owner: string; since: Date }> {
    const object = { Bucket: this.bucket, Key: `${this.prefix}owner` };
    const read = () => this.client.send(new GetObjectCommand(object));
    const found = await read().catch(async (error: unknown) => {
      if (statusOf(error) !== 404) throw error;
      await this.client.send(new PutObjectCommand({ ...object, Body: id }));
      return read();
    });
    const owner = (await collect(found.Body as Readable)).toString("utf8");
    return { owner, since: found.LastModified ?? new Date() };
  }

  /** Of the local file systems: a bucket has no floor. */
  requireSpace(bytes = 0): void {
    this.freeSpace.require(bytes);
  }

  async assertWritable(): Promise<void> {
    this.freeSpace.require();
    const content = randomUUID();
    const object = { Bucket: this.bucket, Key: `${this.prefix}probe/${content}` };
    await this.client.send(new PutObjectCommand({ ...object, Body: content }));
    const { Body } = await this.client.send(new GetObjectCommand(object));
    const given = (await collect(Body as Readable)).toString();
    await this.client.send(new DeleteObjectCommand(object));
    if (given !== content) throw new Error(`The bucket ${this.bucket} does not give back what was written`);
  }

  removeLeftovers(): Promise<number> {
    return removeLeftFiles(this.spoolDirectory);
  }

  private async get(sha256: string, Range?: string) {
    const object = this.object(sha256);
    return this.client.send(new GetObjectCommand({ ...object, Range })).catch(async (error) => {
      const status = statusOf(error);
      if (status === 404) throw await this.missing(sha256, error);
      throw status === 416 ? outOfRange(sha256, Number(Range?.split("-")[1]) + 1) : error;
    });
  }

  /** Null when there is no such object. */
  private head(object: ObjectName) {
    return this.client.send(new HeadObjectCommand(object)).catch((error) => {
      if (statusOf(error) === 404) return null;
      throw error;
    });
  }

  private async missing(sha256: string, cause?: unknown): Promise<ArtifactError> {
    const wasDamaged = (await this.head(this.damagedObject(sha256))) !== null;
    return wasDamaged ? corrupt(sha256) : notFound(sha256, cause);
  }

  /** @throws ArtifactError CORRUPT */
  private async checked(bytes: Buffer, sha256: string): Promise<Buffer> {
    if (sha256Of(bytes) === sha256) return bytes;
    await this.verify(sha256);
    throw corrupt(sha256);
  }

  private object(sha256: string): ObjectName {
    assertSha256(sha256);
    return {
      Bucket: this.bucket,
      Key: `${this.prefix}${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`,
    };
  }

  private damagedObject(sha256: string): ObjectName {
    return { Bucket: this.bucket, Key: `${this.prefix}damaged/${sha256}` };
  }

  private async upload(file: string, { sha256, bytes }: StoredArtifact): Promise<void> {
    const held = await this.head(this.object(sha256));
    // What was put within the hour counts as put now; older content is sent again, which renews its time.
    const isRecent = Date.now() - (held?.LastModified?.getTime() ?? 0) < renewedAfter;
    if (held?.ContentLength === bytes && isRecent && (await this.verify(sha256)) === "SOUND") return;
    // In parts where it is large; an object appears only when all parts have arrived.
    await new Upload({
      client: this.client,
      params: {
        ...this.object(sha256),
        Body: createReadStream(file),
        ContentType: "application/octet-stream",
      },
    }).done();
    await this.client.send(new DeleteObjectCommand(this.damagedObject(sha256)));
  }
}

interface ObjectName {
  Bucket: string;
  Key: string;
}

async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}
