import { type FileHandle, open } from "node:fs/promises";

/** Bytes that are read in parts, so that arrays larger than memory can be. */
export interface ByteSource {
  readonly length: number;
  /** Exactly `length` bytes from `offset` on, fewer only where the source ends. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** A file by its path, bytes in memory, or whatever else is read in parts. */
export async function openBytes(source: string | Uint8Array | ByteSource): Promise<ByteSource> {
  if (typeof source !== "string" && !(source instanceof Uint8Array)) return source;
  if (typeof source !== "string")
    return {
      length: source.byteLength,
      read: async (offset, length) => source.subarray(offset, offset + length),
      close: async () => {},
    };
  const file = await open(source);
  const { size } = await file.stat();
  return {
    length: size,
    read: (offset, length) => readFully(file, offset, length),
    close: () => file.close(),
  };
}

async function readFully(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
