import type { Artifacts } from "./artifacts.ts";

type Column = Uint8Array | Int16Array | Int32Array | Uint32Array | Float32Array | Float64Array;
type Columns = Record<string, Column>;

const kinds = { Uint8Array, Int16Array, Int32Array, Uint32Array, Float32Array, Float64Array } as const;

/**
 * Named typed arrays as one artifact: the length of a JSON head (u32, little-endian), the head
 * `[[name, kind, length], ...]`, then each array's bytes, at multiples of 8. Equal columns give equal bytes.
 */
export async function storeColumns(store: Artifacts, columns: Columns): Promise<string> {
  const head = Buffer.from(
    JSON.stringify(
      Object.entries(columns).map(([name, values]) => [name, values.constructor.name, values.length]),
    ),
  );
  const parts: Uint8Array[] = [Buffer.alloc(4), head, padding(4 + head.length)];
  (parts[0] as Buffer).writeUInt32LE(head.length);
  for (const values of Object.values(columns))
    parts.push(
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      padding(values.byteLength),
    );
  return (await store.put(Buffer.concat(parts))).sha256;
}

/** Reads what {@link storeColumns} wrote; the caller knows which columns it asks for. */
export async function readColumns<T extends Columns>(store: Artifacts, sha256: string): Promise<T> {
  const bytes = await store.read(sha256);
  // A copy into an own buffer, whose start suits every element size.
  const { buffer } = new Uint8Array(bytes);
  const headLength = bytes.readUInt32LE(0);
  const head = JSON.parse(bytes.toString("utf8", 4, 4 + headLength)) as [
    string,
    keyof typeof kinds,
    number,
  ][];
  let at = 4 + headLength;
  const columns: Columns = {};
  at += padding(at).length;
  for (const [name, kind, length] of head) {
    const values = new kinds[kind](buffer, at, length);
    columns[name] = values;
    at += values.byteLength + padding(values.byteLength).length;
  }
  return columns as T;
}

function padding(length: number): Uint8Array {
  return new Uint8Array((8 - (length % 8)) % 8);
}
