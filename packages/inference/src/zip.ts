import { Readable } from "node:stream";
import { fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from "yauzl";
import type { ByteSource } from "./arrays/byte-source.ts";

// @types/yauzl does not know yauzl 3's promise interface yet.
declare module "yauzl" {
  interface ZipFile {
    eachEntry(): AsyncIterableIterator<Entry>;
    openReadStreamPromise(entry: Entry): Promise<Readable>;
  }
  function fromRandomAccessReaderPromise(
    reader: RandomAccessReader,
    size: number,
    options: Options,
  ): Promise<ZipFile>;
}

export interface ZipEntry {
  readonly path: string;
  /** Uncompressed bytes, as the archive's directory claims. */
  readonly size: number;
  readonly kind: "file" | "directory" | "symlink" | "device";
  /** The content; fails when it is longer or shorter than `size`. */
  open(): Promise<Readable>;
}

const CHUNK_BYTES = 256 * 2 ** 10;
const LOCAL_HEADER_BYTES = 30;

/**
 * The entries of a zip archive in the order of its directory, contents on demand as long as the source is open, in
 * bounded memory.
 *
 * yauzl reads the central directory (never what lies between entries), refuses absolute paths, `..` and
 * backslashes, and checks each content against its claimed size. Zip64 is read, since archives over 65,535 files need it.
 *
 * @throws Error for damage, encryption, more than `maxEntries`, and entries that share bytes: those of a zip bomb
 * or quine claim more than the file holds
 */
export async function* zipEntries(
  source: ByteSource,
  maxEntries: number,
): AsyncGenerator<ZipEntry, void, undefined> {
  const zip: ZipFile = await fromRandomAccessReaderPromise(new SourceReader(source), source.length, {
    lazyEntries: true,
    autoClose: false,
    strictFileNames: true,
  });
  let claimed = 0;
  if (zip.entryCount > maxEntries) throw new Error(`it has more than ${maxEntries} entries`);
  for await (const entry of zip.eachEntry()) {
    claimed += LOCAL_HEADER_BYTES + entry.fileNameLength + entry.compressedSize;
    if (claimed > source.length)
      throw new Error("its entries overlap, or claim more bytes than the file has");
    if (entry.isEncrypted()) throw new Error(`"${entry.fileName}" is encrypted`);
    yield {
      path: entry.fileName,
      size: entry.uncompressedSize,
      kind: kindOf(entry.fileName, entry.externalFileAttributes),
      open: () => zip.openReadStreamPromise(entry),
    };
  }
}

function kindOf(path: string, attributes: number): ZipEntry["kind"] {
  if (path.endsWith("/")) return "directory";
  // The upper half of the external attributes is the Unix mode.
  const type = (attributes >>> 16) & 0o170000;
  if (type === 0o120000) return "symlink";
  return type === 0 || type === 0o100000 ? "file" : type === 0o040000 ? "directory" : "device";
}

/** Lets yauzl read from anything that is read in parts. */
class SourceReader extends RandomAccessReader {
  readonly #source: ByteSource;

  constructor(source: ByteSource) {
    super();
    this.#source = source;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    const source = this.#source;
    async function* chunks() {
      for (let at = start; at < end; at += CHUNK_BYTES)
        yield await source.read(at, Math.min(CHUNK_BYTES, end - at));
    }
    return Readable.from(chunks(), { objectMode: false });
  }

  override read(
    target: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    this.#source
      .read(position, length)
      .then((bytes) => {
        target.set(bytes, offset);
        callback(null, bytes.length);
      })
      // What yauzl throws at these bytes, too: nobody else would catch it.
      .catch((error: Error) => callback(error));
  }
}
