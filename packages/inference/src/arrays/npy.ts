import type { Matrix } from "@faultline/core";
import type { ByteSource } from "./byte-source.ts";
import { InvalidArrayError } from "./invalid-array.ts";
import type { ArrayLayout, NumberType } from "./number-type.ts";

// Own code: npyjs, the one kept npm package, reads beyond and short of the declared shape without a word, fails on
// unaligned headers, takes big-endian for little-endian, and holds whole files in memory.
// Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

export const NPY_MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const MAX_HEADER_BYTES = 65_536;
const TYPES: readonly NumberType[] = ["f2", "f4", "f8", "u1", "i4", "i8"];

/**
 * Reads the header of an .npy file (format versions 1 to 3).
 *
 * @throws InvalidArrayError for a damaged header, Fortran order, big-endian or another element type.
 */
export async function readNpyLayout(source: ByteSource, field: string): Promise<ArrayLayout> {
  const damaged = (what: string) =>
    new InvalidArrayError(field, `its .npy header ${what}`, "Write the file with numpy.save");
  const start = await source.read(0, 12);
  if (start.length < 12 || NPY_MAGIC.some((byte, i) => start[i] !== byte))
    throw damaged("is missing: this is not an .npy file");
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const version = start[6];
  if (version < 1 || version > 3) throw damaged(`has the unknown version ${version}`);
  const headerStart = version === 1 ? 10 : 12;
  const headerLength = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (headerLength > MAX_HEADER_BYTES) throw damaged(`claims ${headerLength} bytes`);
  const header = new TextDecoder("latin1").decode(await source.read(headerStart, headerLength));

  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  const dimensions = /'shape'\s*:\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (
    header.length !== headerLength ||
    descr === undefined ||
    order === undefined ||
    dimensions === undefined
  )
    throw damaged("lacks descr, fortran_order or shape");
  const type = TYPES.find((known) => descr === `<${known}` || descr === `|${known}`);
  if (!type)
    throw new InvalidArrayError(
      field,
      `its element type is ${descr}`,
      `Use one of ${TYPES.join(", ")}, little-endian: array.astype("<f4")`,
    );
  if (order === "True")
    throw new InvalidArrayError(field, "it is in Fortran order", "Save numpy.ascontiguousarray(array)");
  const shape = dimensions
    .split(",")
    .filter((size) => size.trim() !== "")
    .map(Number);
  return { type, shape, offset: headerStart + headerLength };
}

/** The header of an .npy file of the given type and shape; the elements (C order, little-endian) follow it. */
export function npyHeader(type: "f4" | "f8" | "u1" | "i4" | "i8", shape: readonly number[]): Uint8Array {
  const descr = type === "u1" ? "|u1" : `<${type}`;
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10;
  const header = new Uint8Array(10 + length);
  header.set(NPY_MAGIC);
  header.set([1, 0, length & 0xff, length >> 8], 6);
  header.set(new TextEncoder().encode(`${dictionary.padEnd(length - 1)}\n`), 10);
  return header;
}

/** A matrix as an .npy file (float32, version 1). */
export function encodeNpy(values: Matrix): Uint8Array {
  const header = npyHeader("f4", [values.rows, values.columns]);
  const file = new Uint8Array(header.length + values.data.byteLength);
  file.set(header);
  file.set(new Uint8Array(values.data.buffer, values.data.byteOffset, values.data.byteLength), header.length);
  return file;
}
