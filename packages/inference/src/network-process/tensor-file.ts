import { randomUUID } from "node:crypto";
import { closeSync, openSync, readSync, statfsSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Bytes between the places of two runs, far more than either part may take: what is not written takes no memory. */
const STRIDE = 2 ** 32;
const OUTPUTS = 2 ** 31;
/** Below this, the memory of /dev/shm (64 MiB in a container, unless told otherwise) may not do. */
const ENOUGH = 2 ** 30;

/**
 * Memory that two processes share, as far as Node has such: a file in memory that has no name any more. Inputs of runs
 * go one way in it and outputs the other, each with one copy, past the event loop and its channels.
 */
export class TensorFile {
  /** For the other process to inherit. */
  readonly descriptor: number;
  readonly #free: number[] = [];
  #slots = 0;

  constructor() {
    const path = join(folder(), `faultline-tensors-${randomUUID()}`);
    this.descriptor = openSync(path, "wx+", 0o600);
    unlinkSync(path);
  }

  /** A place for a run, until `release`. */
  take(): number {
    return this.#free.pop() ?? this.#slots++;
  }

  release(slot: number): void {
    this.#free.push(slot);
  }

  feedsAt(slot: number): number {
    return slot * STRIDE;
  }

  outputsAt(slot: number): number {
    return slot * STRIDE + OUTPUTS;
  }

  write(values: ArrayBufferView, at: number): void {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.descriptor, bytes, done, bytes.length - done, at + done);
  }

  /** @param bytes a multiple of 4 */
  read(bytes: number, at: number): Float32Array {
    const target = new Uint8Array(bytes);
    for (let done = 0; done < bytes; ) {
      const read = readSync(this.descriptor, target, done, bytes - done, at + done);
      if (read === 0) throw new Error("the tensor file ends early");
      done += read;
    }
    return new Float32Array(target.buffer);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

function folder(): string {
  const memory = "/dev/shm";
  try {
    const { bavail, bsize } = statfsSync(memory);
    if (bavail * bsize >= ENOUGH) return memory;
  } catch {
    // Only Linux has it.
  }
  return tmpdir();
}
