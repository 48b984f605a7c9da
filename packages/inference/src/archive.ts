import { createReadStream } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { briefly } from "@faultline/core";
import { InvalidArchiveError } from "./archive-error.ts";
import { type ByteSource, openBytes } from "./arrays/byte-source.ts";
import { reasonOf } from "./invalid-input.ts";
import { type ArchiveEntry, tarEntries } from "./tar.ts";
import { zipEntries } from "./zip.ts";

export { InvalidArchiveError };

/** One picture of a data set archive. */
export interface ArchivedImage {
  /** Path in the archive: `split/class/file.ext` or `class/file.ext`, in Unicode's composed form. */
  readonly path: string;
  /** The outer folder, or null for `class/file.ext`. */
  readonly split: string | null;
  readonly className: string;
  /** External id of the input: the path without its extension. Files that differ in the extension alone share it. */
  readonly id: string;
  /** The file as it is, not decoded. */
  readonly bytes: Uint8Array;
}

export interface ArchiveLimits {
  /** Files and folders. Default 2,000,000. */
  readonly maxEntries?: number;
  /** Bytes of one file. Default 32 MiB. */
  readonly maxFileBytes?: number;
  /** Bytes of all files, unpacked. Default 64 GiB. */
  readonly maxTotalBytes?: number;
}

/** Characters of a path in an archive, and so of an input's id. A unique index of PostgreSQL takes 2,704 bytes. */
export const MAX_PATH_CHARACTERS = 512;

/**
 * A compressed archive may unpack to this many times its own bytes, and to 64 MiB more. Pictures are compressed
 * already: tars of small ones shrink to a quarter, bombs to a thousandth.
 */
const MAX_EXPANSION = 100;
const FREE_EXPANSION_BYTES = 2 ** 26;

const LAYOUT = "Pack the pictures as split/class/file or class/file";
const LEAVE_OUT = "Leave it out or ask the operator for a higher limit";

/**
 * Reads a data set archive (tar, tar.gz or zip, told from its first bytes) picture by picture. Memory: one file.
 * Nothing is written anywhere. Folders, hidden files, `__MACOSX` and files outside of any folder (a README) are
 * skipped. Ids are not compared with each other: whoever stores them finds those that are there twice.
 *
 * @throws InvalidArchiveError for paths that are absolute, too long or contain `..`, links, devices and encryption,
 * mixed or other depths, exceeded limits, and damage.
 */
export async function* readDatasetArchive(
  source: string | Uint8Array,
  limits: ArchiveLimits = {},
): AsyncGenerator<ArchivedImage, void, undefined> {
  const bytes = await openBytes(source);
  try {
    const start = await bytes.read(0, 2);
    const isZip = start[0] === 0x50 && start[1] === 0x4b;
    const isGzip = start[0] === 0x1f && start[1] === 0x8b;
    const expansion =
      isZip || isGzip ? MAX_EXPANSION * bytes.length + FREE_EXPANSION_BYTES : Number.POSITIVE_INFINITY;
    const layout = new DatasetLayout(limits, expansion);
    const files = isZip ? zipFiles(bytes, layout) : tarFiles(source, isGzip, layout);
    for await (const [image, content] of files) yield { ...image, bytes: content };
  } catch (error) {
    if (error instanceof InvalidArchiveError) throw error;
    throw new InvalidArchiveError(
      `it cannot be read: ${reasonOf(error)}`,
      "Upload a whole tar, tar.gz or zip file with relative paths",
      { cause: error },
    );
  } finally {
    await bytes.close();
  }
}

type NamedImage = Omit<ArchivedImage, "bytes">;

/** Says of each entry which picture it is, and keeps count of what the archive claims. */
class DatasetLayout {
  readonly maxEntries: number;
  readonly #maxFileBytes: number;
  readonly #maxTotalBytes: number;
  /** Bytes that may be unpacked, skipped ones included. */
  readonly maxUnpackedBytes: number;
  #depth: number | undefined;
  #entries = 0;
  #total = 0;

  constructor(
    { maxEntries = 2_000_000, maxFileBytes = 2 ** 25, maxTotalBytes = 2 ** 36 }: ArchiveLimits,
    expansion: number,
  ) {
    this.maxEntries = maxEntries;
    this.#maxFileBytes = maxFileBytes;
    this.#maxTotalBytes = Math.min(maxTotalBytes, expansion);
    this.maxUnpackedBytes = Math.min(2 * maxTotalBytes + 2 ** 20, expansion);
  }

  /** @throws InvalidArchiveError; undefined for what is skipped */
  readonly accept = ({ path, size, kind }: ArchiveEntry): NamedImage | undefined => {
    if (++this.#entries > this.maxEntries)
      throw new InvalidArchiveError(
        `it has more than ${this.maxEntries} entries`,
        "Split it into several archives",
      );
    const parts = safeParts(path);
    if (kind === "directory") return undefined;
    const named = JSON.stringify(briefly(path, 120));
    if (kind !== "file") throw new InvalidArchiveError(`${named} is a ${kind}`, "Pack regular files only");
    if (parts.length < 2 || parts.some((part) => part.startsWith(".") || part === "__MACOSX"))
      return undefined;
    this.#depth ??= parts.length;
    if (parts.length > 3)
      throw new InvalidArchiveError(`${named} lies ${parts.length - 1} folders deep`, LAYOUT);
    if (parts.length !== this.#depth)
      throw new InvalidArchiveError(`it mixes split/class/file and class/file (${named})`, LAYOUT);
    this.#total += size;
    if (size > this.#maxFileBytes)
      throw new InvalidArchiveError(
        `${named} exceeds the limit of ${this.#maxFileBytes} bytes a file`,
        LEAVE_OUT,
      );
    if (this.#total > this.#maxTotalBytes)
      throw new InvalidArchiveError(
        `${named} exceeds the limit of ${this.#maxTotalBytes} bytes in all`,
        LEAVE_OUT,
      );
    return {
      path: parts.join("/"),
      split: parts.length === 3 ? parts[0] : null,
      className: parts[parts.length - 2],
      id: parts.join("/").replace(/\.[^./]+$/, ""),
    };
  };
}

async function* zipFiles(
  bytes: ByteSource,
  layout: DatasetLayout,
): AsyncGenerator<[NamedImage, Uint8Array], void, undefined> {
  for await (const entry of zipEntries(bytes, layout.maxEntries)) {
    const image = layout.accept(entry);
    if (image) yield [image, await wholeOf(await entry.open(), entry.size)];
  }
}

/** Filled as it comes: putting 30 MB together at the end would hold the thread for a fifth of a second. */
async function wholeOf(stream: Readable, size: number): Promise<Uint8Array> {
  const whole = Buffer.allocUnsafe(size);
  let filled = 0;
  for await (const part of stream as AsyncIterable<Buffer>) filled += part.copy(whole, filled);
  return whole.subarray(0, filled);
}

async function* tarFiles(
  source: string | Uint8Array,
  compressed: boolean,
  layout: DatasetLayout,
): AsyncGenerator<[NamedImage, Uint8Array], void, undefined> {
  const file = typeof source === "string" ? createReadStream(source) : Readable.from([source]);
  const chunks = compressed
    ? pipeline(file, createGunzip(), () => {
        // An error reaches whoever reads.
      })
    : file;
  try {
    yield* tarEntries(within(chunks, layout.maxUnpackedBytes), layout.accept);
  } finally {
    file.destroy();
    chunks.destroy();
  }
}

/** The chunks, until they are more than the limit: what is skipped is unpacked as well. */
async function* within(chunks: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const chunk of chunks) {
    seen += chunk.length;
    if (seen > most)
      throw new InvalidArchiveError(
        `it unpacks to more than ${most} bytes`,
        "Upload it as a plain tar, or leave out what is no picture",
      );
    yield chunk;
  }
}

/** @throws InvalidArchiveError for a path that would leave the folder it is unpacked in, or is too long */
function safeParts(raw: string): string[] {
  // Composing may lengthen a path, so it is measured again.
  const path = raw.length > MAX_PATH_CHARACTERS ? raw : raw.normalize("NFC");
  if (path.length > MAX_PATH_CHARACTERS)
    throw new InvalidArchiveError(
      `the path ${JSON.stringify(briefly(path, 60))} has ${path.length} characters, more than ${MAX_PATH_CHARACTERS}`,
      "Shorten the names",
    );
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  if (/^([/\\]|[A-Za-z]:)/.test(path) || parts.includes("..") || /[\\\u0000-\u001f]/.test(path))
    throw new InvalidArchiveError(`the path ${JSON.stringify(path)} is not safe`, "Pack relative paths only");
  return parts;
}
