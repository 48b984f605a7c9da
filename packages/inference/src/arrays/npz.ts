import type { Readable } from "node:stream";
import type { Matrix } from "@faultline/core";
import { briefly, someNames } from "@faultline/core";
import { zipSync } from "fflate";
import { reasonOf } from "../invalid-input.ts";
import { type ZipEntry, zipEntries } from "../zip.ts";
import type { ByteSource } from "./byte-source.ts";
import { InvalidArrayError } from "./invalid-array.ts";
import { encodeNpy } from "./npy.ts";

/** Arrays that an .npz file may hold; matrices come alone or with a few others. */
const MAX_NPZ_MEMBERS = 4096;

/**
 * One array of an .npz file, `name` (with or without ".npy") or the only one, unpacked as far as it is read. Read
 * forwards it is unpacked once, in bounded memory; every step back begins again.
 *
 * @returns the bytes of the .npy file inside; closing it closes `source`
 * @throws InvalidArrayError when the archive is damaged, or lacks the name (lists some names)
 */
export async function openNpzMember(source: ByteSource, field: string, name?: string): Promise<ByteSource> {
  const wanted = name === undefined || name.endsWith(".npy") ? name : `${name}.npy`;
  const names: string[] = [];
  let found: ZipEntry | undefined;
  try {
    for await (const entry of zipEntries(source, MAX_NPZ_MEMBERS)) {
      names.push(entry.path.replace(/\.npy$/, ""));
      if (wanted === undefined || entry.path === wanted) found = entry;
      if (entry.path === wanted) break;
    }
  } catch (error) {
    throw damaged(field, error);
  }
  if (found && (wanted !== undefined || names.length === 1)) return new UnpackedMember(source, found, field);
  throw new InvalidArrayError(
    field,
    wanted === undefined
      ? `it holds ${names.length} arrays`
      : `it holds no array "${briefly(name ?? "", 60)}"`,
    `Name one of: ${someNames(names) || "none"}`,
  );
}

function damaged(field: string, error: unknown): InvalidArrayError {
  return new InvalidArrayError(
    field,
    `it is a damaged .npz file: ${reasonOf(error)}`,
    "Write it with numpy.savez",
    { cause: error },
  );
}

/** The content of a zip's entry as a source; one read at a time. */
class UnpackedMember implements ByteSource {
  readonly length: number;
  readonly #source: ByteSource;
  readonly #entry: ZipEntry;
  readonly #field: string;
  #stream: Readable | undefined;
  #chunks: AsyncIterator<Buffer> | undefined;
  /** What was unpacked and not read yet, and where in the member it begins. */
  #rest: Buffer = Buffer.alloc(0);
  #position = 0;

  constructor(source: ByteSource, entry: ZipEntry, field: string) {
    this.#source = source;
    this.#entry = entry;
    this.#field = field;
    this.length = entry.size;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    try {
      if (!this.#chunks || offset < this.#position) await this.#restart();
      await this.#take(offset - this.#position, () => {});
      const bytes = new Uint8Array(Math.max(0, Math.min(length, this.length - offset)));
      let filled = 0;
      await this.#take(bytes.length, (part) => {
        bytes.set(part, filled);
        filled += part.length;
      });
      return bytes.subarray(0, filled);
    } catch (error) {
      throw damaged(this.#field, error);
    }
  }

  async close(): Promise<void> {
    this.#stream?.destroy();
    await this.#source.close();
  }

  async #restart(): Promise<void> {
    this.#stream?.destroy();
    this.#stream = await this.#entry.open();
    this.#chunks = this.#stream[Symbol.asyncIterator]();
    this.#rest = Buffer.alloc(0);
    this.#position = 0;
  }

  /** Goes on by so many bytes, or to the end. */
  async #take(bytes: number, use: (part: Uint8Array) => void): Promise<void> {
    for (let left = bytes; left > 0; ) {
      if (this.#rest.length === 0) {
        const next = await this.#chunks?.next();
        if (!next || next.done) return;
        this.#rest = next.value;
      }
      const part = this.#rest.subarray(0, left);
      use(part);
      left -= part.length;
      this.#position += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
  }
}

/** Matrices by name as an .npz file (float32, stored). */
export function encodeNpz(arrays: Readonly<Record<string, Matrix>>): Uint8Array {
  const files = Object.entries(arrays).map(([name, values]) => [`${name}.npy`, encodeNpy(values)] as const);
  return zipSync(Object.fromEntries(files), { level: 0, mtime: new Date("1980-01-01T00:00:00") });
}
