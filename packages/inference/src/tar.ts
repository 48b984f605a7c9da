import { Parser, type ReadEntry } from "tar";
import { InvalidArchiveError } from "./archive-error.ts";

/** What an archive's header says of one entry; its content has not been read yet. */
export interface ArchiveEntry {
  readonly path: string;
  /** Bytes of its content. */
  readonly size: number;
  /** `file`, `directory`, or what else it is (`symlink`, `fifo`, ...). */
  readonly kind: string;
}

/**
 * Bytes of one pax header or GNU long name; they hold a path and a few times, some hundred bytes. node-tar was chosen for
 * this bound: tar-stream takes 4 MiB a header, in time that grows with the square of its length.
 */
const MAX_META_BYTES = 16 * 2 ** 10;

const KINDS: Readonly<Record<string, string>> = {
  File: "file",
  OldFile: "file",
  ContiguousFile: "file",
  Directory: "directory",
  Link: "link",
  SymbolicLink: "symlink",
  CharacterDevice: "character-device",
  BlockDevice: "block-device",
  FIFO: "fifo",
};

/**
 * The entries of an unpacked tar stream that `accept` wants, with their contents. Memory: one chunk and one file.
 *
 * @param accept called for every entry before its content is read: undefined skips it, an error ends the reading
 * @throws what `accept` throws; InvalidArchiveError for damage and for headers that are too long
 */
export async function* tarEntries<Wanted>(
  chunks: AsyncIterable<Uint8Array>,
  accept: (entry: ArchiveEntry) => Wanted | undefined,
): AsyncGenerator<[Wanted, Uint8Array], void, undefined> {
  let failure: unknown;
  let ended = false;
  let total = 0;
  const complete: [Wanted, Uint8Array][] = [];
  const fail = (error: unknown) => {
    failure ??= error;
  };
  // All events come while a chunk is written: contents flow as soon as they are listened to.
  const parser = new Parser({ maxMetaEntrySize: MAX_META_BYTES, brotli: false, zstd: false });
  parser.on("entry", (entry: ReadEntry) => {
    try {
      const kind = KINDS[entry.type] ?? entry.type;
      const wanted = failure === undefined ? accept({ path: entry.path, size: entry.size, kind }) : undefined;
      if (wanted === undefined) return void entry.resume();
      // Filled as it comes: to put 30 MB together at the end would hold the thread.
      const whole = Buffer.allocUnsafe(entry.size);
      let filled = 0;
      entry.on("data", (part: Buffer) => {
        filled += part.copy(whole, filled);
      });
      entry.on("end", () => complete.push([wanted, whole.subarray(0, filled)]));
    } catch (error) {
      fail(error);
      entry.resume();
    }
  });
  parser.on("ignoredEntry", ({ meta, type, size }: ReadEntry) =>
    fail(
      meta
        ? new InvalidArchiveError(
            `a header in it is ${size} bytes long, more than ${MAX_META_BYTES}`,
            "Shorten the paths",
          )
        : new InvalidArchiveError(`it has an entry of the kind ${type}`, "Pack regular files only"),
    ),
  );
  parser.on("eof", () => {
    ended = true;
  });
  parser.on("warn", (code: string, message: string) => {
    // An archive of nothing but its end is empty, not damaged.
    if (code !== "TAR_ENTRY_INFO" && !ended) fail(new Error(message));
  });
  parser.on("error", fail);
  for await (const chunk of chunks) {
    // node-tar would unpack these by itself, past every limit.
    if (total === 0 && chunk[0] === 0x1f && chunk[1] === 0x8b) throw new Error("it is compressed twice");
    total += chunk.length;
    parser.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
    if (failure !== undefined) throw failure;
    yield* complete.splice(0);
  }
  parser.end();
  if (failure !== undefined) throw failure;
  if (!ended && total % 512 !== 0) throw new Error("it ends within a header");
  yield* complete;
}
