import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { PoolClient } from "pg";
import { from as copyFrom } from "pg-copy-streams";

const chunkBytes = 256 * 1024;
const signature = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
const trailer = Buffer.from([0xff, 0xff]);
const int16Oid = 21;

/**
 * Writes rows in PostgreSQL's binary COPY format into large chunks, without an object or a string a row.
 * Call row(fields) and then one method for each field, in the order of the columns. See
 * https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format".
 */
export class CopyEncoder {
  private chunk = Buffer.allocUnsafe(chunkBytes);
  private offset = signature.copy(this.chunk);
  private full: Buffer[] = [];

  /** Begins a row of so many fields. */
  row(fields: number): void {
    this.reserve(2);
    this.offset = this.chunk.writeInt16BE(fields, this.offset);
  }

  null(): void {
    this.reserve(4);
    this.offset = this.chunk.writeInt32BE(-1, this.offset);
  }

  int32(value: number | null): void {
    if (value === null) {
      this.null();
      return;
    }
    this.reserve(8);
    this.offset = this.chunk.writeInt32BE(4, this.offset);
    this.offset = this.chunk.writeInt32BE(value, this.offset);
  }

  /** An integer up to 2^53 exactly, or any bigint. */
  int64(value: number | bigint): void {
    this.reserve(12);
    this.offset = this.chunk.writeInt32BE(8, this.offset);
    if (typeof value === "bigint") {
      this.offset = this.chunk.writeBigInt64BE(value, this.offset);
    } else {
      this.offset = this.chunk.writeInt32BE(Math.floor(value / 2 ** 32), this.offset);
      this.offset = this.chunk.writeUInt32BE(value >>> 0, this.offset);
    }
  }

  float32(value: number): void {
    this.reserve(8);
    this.offset = this.chunk.writeInt32BE(4, this.offset);
    this.offset = this.chunk.writeFloatBE(value, this.offset);
  }

  float64(value: number): void {
    this.reserve(12);
    this.offset = this.chunk.writeInt32BE(8, this.offset);
    this.offset = this.chunk.writeDoubleBE(value, this.offset);
  }

  boolean(value: boolean | null): void {
    if (value === null) {
      this.null();
      return;
    }
    this.reserve(5);
    this.offset = this.chunk.writeInt32BE(1, this.offset);
    this.chunk[this.offset++] = value ? 1 : 0;
  }

  text(value: string | null): void {
    if (value === null) {
      this.null();
      return;
    }
    this.reserve(4 + 3 * value.length);
    const bytes = this.chunk.write(value, this.offset + 4);
    this.chunk.writeInt32BE(bytes, this.offset);
    this.offset += 4 + bytes;
  }

  /** A field that encodeField() made beforehand: enum labels, uuids, whatever repeats. */
  field(encoded: Uint8Array): void {
    this.reserve(encoded.length);
    this.chunk.set(encoded, this.offset);
    this.offset += encoded.length;
  }

  int16Array(values: ArrayLike<number>): void {
    const { length } = values;
    this.reserve(24 + 6 * length);
    const { chunk } = this;
    let { offset } = this;
    offset = chunk.writeInt32BE(length === 0 ? 12 : 20 + 6 * length, offset);
    offset = chunk.writeInt32BE(length === 0 ? 0 : 1, offset);
    offset = chunk.writeInt32BE(0, offset);
    offset = chunk.writeInt32BE(int16Oid, offset);
    if (length > 0) {
      offset = chunk.writeInt32BE(length, offset);
      offset = chunk.writeInt32BE(1, offset);
      for (let i = 0; i < length; i++) {
        offset = chunk.writeInt32BE(2, offset);
        offset = chunk.writeInt16BE(values[i], offset);
      }
    }
    this.offset = offset;
  }

  /** The chunks that are full, to be sent; they may end within a row. */
  takeFull(): Buffer[] {
    if (this.full.length === 0) return this.full;
    const taken = this.full;
    this.full = [];
    return taken;
  }

  /** The rest, with the format's trailer. */
  finish(): Buffer[] {
    this.field(trailer);
    return [...this.takeFull(), this.chunk.subarray(0, this.offset)];
  }

  private reserve(bytes: number): void {
    if (this.offset + bytes <= this.chunk.length) return;
    this.full.push(this.chunk.subarray(0, this.offset));
    this.chunk = Buffer.allocUnsafe(Math.max(chunkBytes, bytes));
    this.offset = 0;
  }
}

/** A field with its length, ready for CopyEncoder.field(). An enum travels as its label. */
export function encodeField(value: string | Uint8Array): Uint8Array {
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  const encoded = Buffer.allocUnsafe(4 + bytes.length);
  encoded.writeInt32BE(bytes.length);
  encoded.set(bytes, 4);
  return encoded;
}

/** A uuid in its 16 bytes, for encodeField(). */
export function uuidBytes(uuid: string): Uint8Array {
  const bytes = Buffer.from(uuid.replaceAll("-", ""), "hex");
  if (bytes.length !== 16) throw new TypeError(`"${uuid}" is not a uuid`);
  return bytes;
}

/**
 * Runs `COPY … FROM STDIN (FORMAT binary …)` with the rows that `encode` writes, with backpressure. A source
 * may yield the same object again and again, filled anew.
 *
 * @returns the number of rows
 */
export async function copyRows<Row>(
  client: PoolClient,
  sql: string,
  rows: Iterable<Row> | AsyncIterable<Row>,
  encode: (encoder: CopyEncoder, row: Row) => void,
): Promise<number> {
  let count = 0;
  async function* chunks(): AsyncGenerator<Buffer> {
    const encoder = new CopyEncoder();
    if (Symbol.asyncIterator in rows) {
      for await (const row of rows) {
        encode(encoder, row);
        count++;
        yield* encoder.takeFull();
      }
    } else {
      // Apart from the above, because awaiting each row of a plain iterable would cost more than encoding it.
      for (const row of rows) {
        encode(encoder, row);
        count++;
        const full = encoder.takeFull();
        if (full.length > 0) yield* full;
      }
    }
    yield* encoder.finish();
  }
  await pipeline(
    Readable.from(chunks(), { objectMode: false, highWaterMark: chunkBytes }),
    client.query(copyFrom(sql)),
  );
  return count;
}
