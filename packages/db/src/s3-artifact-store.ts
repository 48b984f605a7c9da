import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Readable } from "node:stream";
import {
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
  ArtifactError,
  type ArtifactStore,
  assertSha256,
  defaultMaxBytes,
  type ListedArtifact,
  type PutOptions,
  type StoredArtifact,
} from "./artifact-store.ts";
import { assertPromised, hashFile, spool } from "./spool.ts";

/** Content that is put again is sent again when it is older, in milliseconds; far less than the sweep's grace period. */
const renewedAfter = 60 * 60 * 1000;

export interface S3ArtifactStoreOptions {
  bucket: string;
  /** Key prefix without a slash at its ends; none by default. */
  prefix?: string;
  maxBytes?: number;
  /** Where content is spooled while its hash is not known yet. */
  spoolDirectory?: string;
  /** Endpoint, region and credentials; by default those of the environment (AWS_ENDPOINT_URL, AWS_REGION, ...). */
  client?: S3ClientConfig;
}

/** Artifacts in a bucket of S3 or of a server that speaks its protocol, as `prefix/aa/bb/aabb…`. */
export class S3ArtifactStore implements ArtifactStore {
  private readonly client: S3Client;
  private readonly bucket: string;
  private readonly prefix: string;
  private readonly maxBytes: number;
  private readonly spoolDirectory: string;

  constructor(options: S3ArtifactStoreOptions) {
    this.bucket = options.bucket;
    this.prefix = options.prefix ? `${options.prefix}/` : "";
    this.maxBytes = options.maxBytes ?? defaultMaxBytes;
    this.spoolDirectory = options.spoolDirectory ?? path.join(tmpdir(), "faultline-spool");
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

  async put(
    content: Uint8Array | AsyncIterable<Uint8Array>,
    options: PutOptions = {},
  ): Promise<StoredArtifact> {
    await mkdir(this.spoolDirectory, { recursive: true });
    const file = path.join(this.spoolDirectory, randomUUID());
    try {
      const stored = await spool(content, file, options.maxBytes ?? this.maxBytes);
      assertPromised(stored, options.sha256);
      await this.upload(file, stored);
      return stored;
    } finally {
      await rm(file, { force: true });
    }
  }

  async putFile(file: string, options: PutOptions = {}): Promise<StoredArtifact> {
    const stored = await hashFile(file, options.maxBytes ?? this.maxBytes);
    assertPromised(stored, options.sha256);
    await this.upload(file, stored);
    await rm(file, { force: true });
    return stored;
  }

  async has(sha256: string): Promise<boolean> {
    return this.size(sha256).then(
      () => true,
      (error) => {
        if (error instanceof ArtifactError && error.code === "NOT_FOUND") return false;
        throw error;
      },
    );
  }

  async size(sha256: string): Promise<number> {
    const head = await this.client.send(new HeadObjectCommand(this.object(sha256))).catch(translate(sha256));
    return head.ContentLength ?? 0;
  }

  async read(sha256: string): Promise<Buffer> {
    return collect(await this.stream(sha256));
  }

  async readRange(sha256: string, offset: number, length: number): Promise<Buffer> {
    if (length === 0) return Buffer.alloc(0);
    const Range = `bytes=${offset}-${offset + length - 1}`;
    const { Body } = await this.client
      .send(new GetObjectCommand({ ...this.object(sha256), Range }))
      .catch(translate(sha256));
    const buffer = await collect(Body as Readable);
    if (buffer.byteLength !== length) {
      throw new ArtifactError("OUT_OF_RANGE", `Artifact ${sha256} ends before byte ${offset + length}`);
    }
    return buffer;
  }

  async stream(sha256: string): Promise<Readable> {
    const { Body } = await this.client
      .send(new GetObjectCommand(this.object(sha256)))
      .catch(translate(sha256));
    return Body as Readable;
  }

  async delete(sha256: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand(this.object(sha256)));
  }

  async *list(prefix: string): AsyncGenerator<ListedArtifact, void, undefined> {
    const pages = paginateListObjectsV2(
      { client: this.client },
      { Bucket: this.bucket, Prefix: `${this.prefix}${prefix}/` },
    );
    for await (const { Contents = [] } of pages)
      for (const { Key = "", LastModified } of Contents) {
        const sha256 = path.posix.basename(Key);
        if (LastModified && /^[0-9a-f]{64}$/.test(sha256)) yield { sha256, writtenAt: LastModified };
      }
  }

  /** S3 cannot delete by age: content that was swept for and is put again between these two requests is lost. */
  async deleteUnused(sha256: string, before: Date): Promise<boolean> {
    const written = await this.writtenAt(sha256);
    if (!written || written >= before) return false;
    await this.delete(sha256);
    return true;
  }

  async claim(id: string): Promise<{ owner: string; since: Date }> {
    const object = { Bucket: this.bucket, Key: `${this.prefix}owner` };
    const read = () => this.client.send(new GetObjectCommand(object));
    const found = await read().catch(async (error: unknown) => {
      if (!(error instanceof S3ServiceException) || error.$metadata.httpStatusCode !== 404) throw error;
      await this.client.send(new PutObjectCommand({ ...object, Body: id }));
      return read();
    });
    const owner = (await collect(found.Body as Readable)).toString("utf8");
    return { owner, since: found.LastModified ?? new Date() };
  }

  /** Undefined when it is not there. */
  private async writtenAt(sha256: string): Promise<Date | undefined> {
    try {
      const head = await this.client.send(new HeadObjectCommand(this.object(sha256)));
      return head.LastModified ?? new Date(0);
    } catch (error) {
      if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return undefined;
      throw error;
    }
  }

  private object(sha256: string): { Bucket: string; Key: string } {
    assertSha256(sha256);
    return {
      Bucket: this.bucket,
      Key: `${this.prefix}${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`,
    };
  }

  private async upload(file: string, { sha256 }: StoredArtifact): Promise<void> {
    // What was put within the hour counts as put now; older content is sent again, which renews its time.
    const written = await this.writtenAt(sha256);
    if (written && Date.now() - written.getTime() < renewedAfter) return;
    // In parts where it is large; an object appears only when all parts have arrived.
    await new Upload({
      client: this.client,
      params: {
        ...this.object(sha256),
        Body: createReadStream(file),
        ContentType: "application/octet-stream",
      },
    }).done();
  }
}

async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function translate(sha256: string): (error: unknown) => never {
  return (error) => {
    const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
    if (status === 404) {
      throw new ArtifactError("NOT_FOUND", `Artifact ${sha256} is not in the store`, { cause: error });
    }
    if (status === 416) {
      throw new ArtifactError("OUT_OF_RANGE", `Artifact ${sha256} is shorter than the range asked for`, {
        cause: error,
      });
    }
    throw error;
  };
}
