import { Readable } from "node:stream";

/** What a reader must take at a time to count as one that reads. */
const sliceBytes = 64 * 2 ** 10;

/**
 * A stream for a reader on the network, which is given up when the reader takes nothing for some time: who stalls, or
 * reads a byte now and then, holds no place for ever. What comes is handed on in slices of 64 KiB, of which each must be
 * taken within the time; ending the stream ends the source.
 *
 * @param timeout milliseconds
 */
export function withStallTimeout(source: AsyncIterable<string | Uint8Array>, timeout: number): Readable {
  const stream = Readable.from(slices(), { objectMode: false, highWaterMark: sliceBytes });
  return stream;

  async function* slices() {
    for await (const piece of source) {
      const bytes = Buffer.from(piece);
      for (let at = 0; at < bytes.length; at += sliceBytes) {
        const timer = setTimeout(() => stream.destroy(new StalledReaderError(timeout)), timeout);
        try {
          yield bytes.subarray(at, at + sliceBytes);
        } finally {
          clearTimeout(timer);
        }
      }
    }
  }
}

export class StalledReaderError extends Error {
  override readonly name = "StalledReaderError";

  constructor(timeout: number) {
    super(`The reader took less than 64 KiB in ${timeout / 1000} s`);
  }
}
