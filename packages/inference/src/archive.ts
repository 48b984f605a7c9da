import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { PassThrough, pipeline, Transform } from "node:stream";
import { buffer } from "node:stream/consumers";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import { InvalidInputError, reasonOf } from "./invalid-input.ts";
import { zipEntries } from "./zip.ts";

/** An uploaded data set archive that is damaged, hostile, too large, or not in ImageFolder layout. */
export class InvalidArchiveError extends InvalidInputError {
  constructor(problem: string, remedy: string, options?: ErrorOptions) {
    super("archive", problem, remedy, options);
  }
}

/** One picture of a data set archive. */
export interface ArchivedImage {
  /** Path in the archive: `split/class/file.ext` or `class/file.ext`. */
  readonly path: string;
  /** The outer folder, or null for `class/file.ext`. */
  readonly split: string | null;
  readonly className: string;
  /** External id of the input: the path without its extension, unique in the archive. */
  readonly id: string;
  /** The file as it is, not decoded. */
  readonly bytes: Uint8Array;
}

export interface ArchiveLimits {
  /** Files and folders. Default 2,000,000. */
  readonly maxEntries?: number;
  /** Bytes of one file. Default 64 MiB. */
  readonly maxFileBytes?: number;
  /** Bytes of all files, unpacked. Default 64 GiB. */
  readonly maxTotalBytes?: number;
}

const LAYOUT = "Pack the pictures as split/class/file or class/file";

/**
 * Reads a data set archive (tar, tar.gz or zip, told from its first bytes) picture by picture. Memory: one file.
 * Nothing is written anywhere. Folders, hidden files, `__MACOSX` and files outside of any folder (a README) are
 * skipped.
 *
 * @throws InvalidArchiveError for paths that are absolute or contain `..`, links and devices, two files with one
 * id, mixed or other depths, exceeded limits, and damage.
 */
export async function* readDatasetArchive(
  path: string,
  { maxEntries = 2_000_000, maxFileBytes = 1 << 26, maxTotalBytes = 2 ** 36 }: ArchiveLimits = {},
): AsyncGenerator<ArchivedImage, void, undefined> {
  const ids = new Set<string>();
  let depth: number | undefined;
  let entries = 0;
  let total = 0;
  try {
    for await (const entry of archiveEntries(path, maxTotalBytes)) {
      if (++entries > maxEntries)
        throw new InvalidArchiveError(
          `it has more than ${maxEntries} entries`,
          "Split it into several archives",
        );
      const parts = safeParts(entry.path);
      if (entry.kind === "directory") continue;
      if (entry.kind !== "file")
        throw new InvalidArchiveError(`"${entry.path}" is a ${entry.kind}`, "Pack regular files only");
      if (parts.length < 2 || parts.some((part) => part.startsWith(".") || part === "__MACOSX")) continue;
      depth ??= parts.length;
      if (parts.length > 3 || parts.length !== depth)
        throw new InvalidArchiveError(
          parts.length > 3
            ? `"${entry.path}" lies ${parts.length - 1} folders deep`
            : `it mixes split/class/file and class/file ("${entry.path}")`,
          LAYOUT,
        );
      total += entry.size;
      if (entry.size > maxFileBytes || total > maxTotalBytes)
        throw new InvalidArchiveError(
          `"${entry.path}" exceeds the limit of ${entry.size > maxFileBytes ? `${maxFileBytes} bytes a file` : `${maxTotalBytes} bytes in all`}`,
          "Leave it out or ask the operator for a higher limit",
        );
      const id = parts.join("/").replace(/\.[^./]+$/, "");
      if (ids.has(id))
        throw new InvalidArchiveError(`two files have the id "${id}"`, "Give each picture a name of its own");
      ids.add(id);
      yield {
        path: parts.join("/"),
        split: parts.length === 3 ? parts[0] : null,
        className: parts[parts.length - 2],
        id,
        bytes: await entry.read(),
      };
    }
  } catch (error) {
    if (error instanceof InvalidArchiveError) throw error;
    throw new InvalidArchiveError(
      `it cannot be read: ${reasonOf(error)}`,
      "Upload a whole tar, tar.gz or zip file with relative paths",
      { cause: error },
    );
  }
}

interface ArchiveEntry {
  readonly path: string;
  readonly size: number;
  readonly kind: string;
  read(): Promise<Uint8Array>;
}

async function* archiveEntries(
  path: string,
  maxTotalBytes: number,
): AsyncGenerator<ArchiveEntry, void, undefined> {
  const file = await open(path);
  const start = Buffer.alloc(2);
  await file.read(start, 0, 2, 0).finally(() => file.close());
  if (start.toString("latin1") === "PK") yield* zipEntries(path);
  else yield* tarEntries(path, start[0] === 0x1f && start[1] === 0x8b, maxTotalBytes);
}

async function* tarEntries(
  path: string,
  compressed: boolean,
  maxTotalBytes: number,
): AsyncGenerator<ArchiveEntry, void, undefined> {
  const tar = extract();
  const file = createReadStream(path);
  pipeline(file, compressed ? createGunzip() : new PassThrough(), limiter(maxTotalBytes), tar, () => {
    // An error reaches the loop below through the destroyed tar stream.
  });
  try {
    for await (const entry of tar) {
      const { name, size = 0, type } = entry.header;
      let consumed = false;
      yield {
        path: name,
        size,
        kind: type === "contiguous-file" ? "file" : (type ?? "file"),
        read: () => {
          consumed = true;
          return buffer(entry);
        },
      };
      if (!consumed) for await (const _ of entry);
    }
  } finally {
    file.destroy();
    tar.destroy();
  }
}

/** Ends a stream that unpacks to more than the limit, headers and padding allowed for. */
function limiter(maxTotalBytes: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      seen += chunk.length;
      if (seen > maxTotalBytes * 2 + (1 << 20))
        done(new Error(`it unpacks to more than ${maxTotalBytes} bytes`));
      else done(null, chunk);
    },
  });
}

/** @throws InvalidArchiveError for a path that would leave the folder it is unpacked in. */
function safeParts(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  if (/^([/\\]|[A-Za-z]:)/.test(path) || parts.includes("..") || /[\\\u0000-\u001f]/.test(path))
    throw new InvalidArchiveError(`the path ${JSON.stringify(path)} is not safe`, "Pack relative paths only");
  return parts;
}
