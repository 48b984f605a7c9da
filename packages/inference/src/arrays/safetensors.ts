import type { Matrix } from "@faultline/core";
import { z } from "zod";
import { reasonOf } from "../invalid-input.ts";
import type { ByteSource } from "./byte-source.ts";
import { InvalidArrayError } from "./invalid-array.ts";
import { type ArrayLayout, BYTES_PER_ELEMENT, elementCount, type NumberType } from "./number-type.ts";

// Own code: the registry holds no kept reader (safetensors 0.0.1 is an abandoned stub; @huggingface/hub parses
// headers of remote files only). Format: https://github.com/huggingface/safetensors#format

const MAX_HEADER_BYTES = 10_000_000;
const TYPE_OF: Record<string, NumberType> = {
  F16: "f2",
  BF16: "bf2",
  F32: "f4",
  F64: "f8",
  U8: "u1",
  I32: "i4",
  I64: "i8",
};

const size = z.int().min(0);
const Header = z.record(
  z.string(),
  z.object({ dtype: z.string(), shape: z.array(size).max(8), data_offsets: z.tuple([size, size]) }),
);

/**
 * Reads the header of a safetensors file and finds one tensor: `name`, or the only one.
 *
 * @throws InvalidArrayError for a damaged header, a missing name (lists the names), another element type, or
 * offsets that leave the file or do not fit the shape.
 */
export async function readSafetensorsLayout(
  source: ByteSource,
  field: string,
  name?: string,
): Promise<ArrayLayout> {
  const damaged = (what: string) =>
    new InvalidArrayError(field, what, "Write the file with safetensors.numpy.save_file");
  const prefix = await source.read(0, 8);
  if (prefix.length < 8) throw damaged("it is not a safetensors file: too short");
  const headerLength = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);
  if (headerLength > MAX_HEADER_BYTES || Number(headerLength) > source.length - 8)
    throw damaged(`it is not a safetensors file, or its header of ${headerLength} bytes is too large`);
  let header: z.infer<typeof Header>;
  try {
    const json = new TextDecoder().decode(await source.read(8, Number(headerLength)));
    const { __metadata__, ...tensors } = JSON.parse(json);
    header = Header.parse(tensors);
  } catch (error) {
    throw damaged(`its safetensors header cannot be read: ${reasonOf(error)}`);
  }
  const names = Object.keys(header);
  const wanted = name ?? (names.length === 1 ? names[0] : undefined);
  if (wanted === undefined || !Object.hasOwn(header, wanted))
    throw new InvalidArrayError(
      field,
      wanted === undefined ? `it holds ${names.length} tensors` : `it holds no tensor "${wanted}"`,
      `Name one of: ${names.slice(0, 20).join(", ") || "none"}`,
    );
  const { dtype, shape, data_offsets } = header[wanted];
  const type = Object.hasOwn(TYPE_OF, dtype) ? TYPE_OF[dtype] : undefined;
  if (!type)
    throw new InvalidArrayError(
      field,
      `its tensor "${wanted}" has the type ${dtype}`,
      `Use one of ${Object.keys(TYPE_OF).join(", ")}`,
    );
  const [start, end] = data_offsets;
  const offset = 8 + Number(headerLength) + start;
  const bytes = elementCount(shape) * BYTES_PER_ELEMENT[type];
  if (end - start !== bytes || 8 + Number(headerLength) + end > source.length)
    throw damaged(
      `its tensor "${wanted}" of shape [${shape.join(", ")}] claims bytes ${start} to ${end} of ${source.length}`,
    );
  return { type, shape, offset };
}

/** Matrices by name as a safetensors file (float32). */
export function encodeSafetensors(tensors: Readonly<Record<string, Matrix>>): Uint8Array {
  let end = 0;
  const entries = Object.entries(tensors).map(([name, { rows, columns, data }]) => {
    const start = end;
    end += data.byteLength;
    return [name, { dtype: "F32", shape: [rows, columns], data_offsets: [start, end] }] as const;
  });
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  // Padded with spaces, so that the elements are aligned to 8 bytes.
  const header = new Uint8Array(Math.ceil(json.length / 8) * 8).fill(0x20);
  header.set(json);
  const file = new Uint8Array(8 + header.length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(header, 8);
  let at = 8 + header.length;
  for (const { data } of Object.values(tensors)) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}
