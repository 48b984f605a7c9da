import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { fromBufferPromise, openPromise, type ZipFile } from "yauzl";

// @types/yauzl does not know yauzl 3's promise interface yet.
declare module "yauzl" {
  interface ZipFile {
    eachEntry(): AsyncIterableIterator<Entry>;
    openReadStreamPromise(entry: Entry): Promise<Readable>;
  }
  function openPromise(path: string, options: Options): Promise<ZipFile>;
  function fromBufferPromise(bytes: Buffer, options: Options): Promise<ZipFile>;
}

export interface ZipEntry {
  readonly path: string;
  /** Uncompressed bytes, as the archive's directory claims. */
  readonly size: number;
  readonly kind: "file" | "directory" | "symlink";
  /** Fails when the content is longer or shorter than `size`. */
  read(): Promise<Uint8Array>;
}

/**
 * The entries of a zip archive in the order of its directory, contents on demand.
 *
 * yauzl reads the central directory (never what lies between entries), refuses absolute paths, `..` and
 * backslashes, and checks each content against its claimed size.
 */
export async function* zipEntries(source: string | Uint8Array): AsyncGenerator<ZipEntry, void, undefined> {
  const options = { lazyEntries: true, autoClose: false, strictFileNames: true };
  const zip: ZipFile =
    typeof source === "string"
      ? await openPromise(source, options)
      : await fromBufferPromise(Buffer.from(source.buffer, source.byteOffset, source.byteLength), options);
  try {
    for await (const entry of zip.eachEntry()) {
      // The upper half of the external attributes is the Unix mode.
      const mode = (entry.externalFileAttributes >>> 16) & 0o170000;
      yield {
        path: entry.fileName,
        size: entry.uncompressedSize,
        kind: entry.fileName.endsWith("/") ? "directory" : mode === 0o120000 ? "symlink" : "file",
        read: async () => buffer(await zip.openReadStreamPromise(entry)),
      };
    }
  } finally {
    zip.close();
  }
}
