import { InvalidInputError } from "./errors.ts";

/**
 * A self-describing binary record: the ASCII `kind`, then for each array its length and its float64 values,
 * little-endian. Used for everything that shards hand over and that artifacts keep.
 */
export function encodeArrays(kind: string, arrays: readonly Float64Array[]): Uint8Array {
  const name = new TextEncoder().encode(kind);
  const size = 4 + name.length + arrays.reduce((sum, a) => sum + 8 + 8 * a.length, 0);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, name.length, true);
  bytes.set(name, 4);
  let at = 4 + name.length;
  for (const array of arrays) {
    view.setFloat64(at, array.length, true);
    at += 8;
    for (const value of array) {
      view.setFloat64(at, value, true);
      at += 8;
    }
  }
  return bytes;
}

/** The arrays of a record of this `kind`. Throws InvalidInputError when the bytes are of another kind or cut short. */
export function decodeArrays(kind: string, bytes: Uint8Array): Float64Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const damaged = (problem: string) =>
    new InvalidInputError("bytes", problem, `Pass the untouched bytes of a "${kind}" record.`);
  if (bytes.length < 4 || bytes.length < 4 + view.getUint32(0, true))
    throw damaged("the record has no readable head");
  let at = 4 + view.getUint32(0, true);
  const found = new TextDecoder().decode(bytes.subarray(4, at));
  if (found !== kind) throw damaged(`the record is not a "${kind}" record`);
  const arrays: Float64Array[] = [];
  while (at < bytes.length) {
    const length = at + 8 <= bytes.length ? view.getFloat64(at, true) : Number.NaN;
    at += 8;
    if (!Number.isSafeInteger(length) || length < 0 || at + 8 * length > bytes.length)
      throw damaged("the record is cut short");
    const array = new Float64Array(length);
    for (let i = 0; i < length; i++, at += 8) array[i] = view.getFloat64(at, true);
    arrays.push(array);
  }
  return arrays;
}
