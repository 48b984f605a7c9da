import { briefly, type Matrix, someNames } from "@faultline/core";
import { z } from "zod";
import { reasonOf } from "../invalid-input.ts";
import type { ByteSource } from "./byte-source.ts";
import { InvalidArrayError } from "./invalid-array.ts";
import { type ArrayLayout, BYTES_PER_ELEMENT, elementCount, type NumberType } from "./number-type.ts";

// Own code: the registry holds no kept reader (safetensors 0.0.1 is an abandoned stub; @huggingface/hub parses
// headers of remote files only). Format: https://github.com/huggingface/safetensors#format

const MAX_HEADER_BYTES = 2 ** 20;
const MAX_TENSORS = 4096;
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
/** Of the one tensor that is read: what else the header holds is not looked at, and costs nothing. */
const Tensor = z.object({
  dtype: z.string(),
  shape: z.array(size).max(8),
  data_offsets: z.tuple([size, size]),
});

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
  const tensors = parseHeader(await source.read(8, Number(headerLength)));
  if (tensors instanceof Error) throw damaged(`its safetensors header cannot be read: ${tensors.message}`);
  const names = Object.keys(tensors).filter((key) => key !== "__metadata__");
  if (names.length > MAX_TENSORS)
    throw damaged(`its header names ${names.length} tensors, more than ${MAX_TENSORS}`);
  const wanted = name ?? (names.length === 1 ? names[0] : undefined);
  if (wanted === undefined || wanted === "__metadata__" || !Object.hasOwn(tensors, wanted))
    throw new InvalidArrayError(
      field,
      wanted === undefined
        ? `it holds ${names.length} tensors`
        : `it holds no tensor "${briefly(wanted, 60)}"`,
      `Name one of: ${someNames(names) || "none"}`,
    );
  const tensor = Tensor.safeParse(tensors[wanted]);
  if (!tensor.success) {
    const [{ path, message }] = tensor.error.issues;
    throw damaged(
      `its safetensors header cannot be read: ${[briefly(wanted, 60), ...path].join(".")}: ${message}`,
    );
  }
  const { dtype, shape, data_offsets } = tensor.data;
  const type = Object.hasOwn(TYPE_OF, dtype) ? TYPE_OF[dtype] : undefined;
  if (!type)
    throw new InvalidArrayError(
      field,
      `its tensor "${briefly(wanted, 60)}" has the type ${briefly(dtype, 40)}`,
      `Use one of ${Object.keys(TYPE_OF).join(", ")}`,
    );
  const [start, end] = data_offsets;
  const offset = 8 + Number(headerLength) + start;
  const bytes = elementCount(shape) * BYTES_PER_ELEMENT[type];
  if (end - start !== bytes || 8 + Number(headerLength) + end > source.length)
    throw damaged(
      `its tensor "${briefly(wanted, 60)}" of shape [${shape.join(", ")}] claims bytes ${start} to ${end} of ${source.length}`,
    );
  return { type, shape, offset };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> | Error {
  try {
    const header: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof header === "object" && header !== null && !Array.isArray(header)) return { ...header };
    return new Error("it is not a JSON object");
  } catch (error) {
    return new Error(reasonOf(error));
  }
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
