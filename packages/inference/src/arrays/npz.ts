import type { Matrix } from "@faultline/core";
import { zipSync } from "fflate";
import { reasonOf } from "../invalid-input.ts";
import { zipEntries } from "../zip.ts";
import { InvalidArrayError } from "./invalid-array.ts";
import { encodeNpy } from "./npy.ts";

/** An .npz member may unpack to this many bytes; larger arrays are better uploaded as .npy, which is streamed. */
export const MAX_NPZ_MEMBER_BYTES = 1 << 30;

/**
 * Unpacks one array of an .npz file: `name` (with or without ".npy"), or the only one.
 *
 * @returns the bytes of the .npy file inside.
 * @throws InvalidArrayError when the archive is damaged, lacks the name (lists the names), or is too large.
 */
export async function readNpzMember(
  source: string | Uint8Array,
  field: string,
  name?: string,
): Promise<Uint8Array> {
  const wanted = name === undefined || name.endsWith(".npy") ? name : `${name}.npy`;
  const names: string[] = [];
  let found: Uint8Array | undefined;
  try {
    for await (const entry of zipEntries(source)) {
      names.push(entry.path.replace(/\.npy$/, ""));
      if (wanted === undefined ? names.length > 1 : entry.path !== wanted) continue;
      if (entry.size > MAX_NPZ_MEMBER_BYTES)
        throw new InvalidArrayError(
          field,
          `its array "${entry.path}" unpacks to ${entry.size} bytes, at most ${MAX_NPZ_MEMBER_BYTES} are taken`,
          "Upload it as .npy or safetensors",
        );
      found = await entry.read();
    }
  } catch (error) {
    if (error instanceof InvalidArrayError) throw error;
    throw new InvalidArrayError(
      field,
      `it is a damaged .npz file: ${reasonOf(error)}`,
      "Write it with numpy.savez",
      { cause: error },
    );
  }
  if (found && (wanted !== undefined || names.length === 1)) return found;
  throw new InvalidArrayError(
    field,
    wanted === undefined ? `it holds ${names.length} arrays` : `it holds no array "${name}"`,
    `Name one of: ${names.slice(0, 20).join(", ") || "none"}`,
  );
}

/** Matrices by name as an .npz file (float32, stored). */
export function encodeNpz(arrays: Readonly<Record<string, Matrix>>): Uint8Array {
  const files = Object.entries(arrays).map(([name, values]) => [`${name}.npy`, encodeNpy(values)] as const);
  return zipSync(Object.fromEntries(files), { level: 0, mtime: new Date("1980-01-01T00:00:00") });
}
