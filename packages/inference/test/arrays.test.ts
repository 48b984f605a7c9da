import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { matrix } from "@faultline/core";
import { zipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openMatrixFile, readMatrix, readNumbers } from "../src/arrays/array-file.ts";
import { InvalidArrayError } from "../src/arrays/invalid-array.ts";
import { encodeNpy, npyHeader } from "../src/arrays/npy.ts";
import { encodeNpz } from "../src/arrays/npz.ts";
import { encodeSafetensors } from "../src/arrays/safetensors.ts";
import { hasSharedData, sharedFile } from "./shared-data.ts";

const field = "embeddings";
const values = matrix(3, 2, Float32Array.of(1, -2, 0.5, 3.25, -0, 1e30));

function joined(...parts: (Uint8Array | ArrayLike<number>)[]): Uint8Array {
  return Buffer.concat(parts.map((part) => Uint8Array.from(part)));
}

function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** An .npy file with a header of our choosing. */
function npy(dictionary: string, data: Uint8Array, version = 1): Uint8Array {
  const length =
    version === 1 ? [dictionary.length & 255, dictionary.length >> 8] : [dictionary.length, 0, 0, 0];
  return joined([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0], length, Buffer.from(dictionary), data);
}

/** A safetensors file with a header of our choosing. */
function safetensors(header: unknown, data: Uint8Array): Uint8Array {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return joined(length, json, data);
}

describe("matrix files", () => {
  it.each([
    ["npy", encodeNpy(values)],
    ["npz", encodeNpz({ values })],
    ["safetensors", encodeSafetensors({ values })],
  ])("round-trips through %s", async (_, file) => {
    expect(await readMatrix(file, { field })).toEqual(values);
    // At an odd address, as a slice of a larger buffer may be.
    expect(await readMatrix(joined([0], file).subarray(1), { field })).toEqual(values);
  });

  it("finds an array by its name", async () => {
    const other = matrix(1, 1, Float32Array.of(7));
    for (const file of [encodeNpz({ values, other }), encodeSafetensors({ values, other })]) {
      expect(await readMatrix(file, { field, name: "other" })).toEqual(other);
      await expect(readMatrix(file, { field })).rejects.toThrow(/it holds 2 .* Name one of: values, other/);
      await expect(readMatrix(file, { field, name: "logits" })).rejects.toThrow(
        /"logits". Name one of: values/,
      );
    }
  });

  it.each([
    ["u1", "|u1", Uint8Array.of(0, 255)],
    ["i4", "<i4", Int32Array.of(-5, 70000)],
    ["i8", "<i8", BigInt64Array.of(-5n, 2n ** 40n)],
    ["f8", "<f8", Float64Array.of(0.5, -1e9)],
    ["f2", "<f2", Uint16Array.of(0x3800, 0xfbff)],
  ])("reads %s elements", async (_, descr, data) => {
    const file = npy(`{'descr': '${descr}', 'fortran_order': False, 'shape': (1, 2), }`, bytesOf(data), 2);
    const expected = data instanceof Uint16Array ? [0.5, -65504] : Array.from(data as Float64Array, Number);
    expect([...(await readMatrix(file, { field })).data]).toEqual(expected);
    expect(await readNumbers(file, { field })).toEqual({
      shape: [1, 2],
      values: Float64Array.from(expected),
    });
  });

  it("reads half-precision values exactly, small ones included", async () => {
    const bits = Uint16Array.of(0x0001, 0x03ff, 0x0400, 0x8001, 0x7bff, 0x3555);
    const header = (dtype: string) => ({ t: { dtype, shape: [6, 1], data_offsets: [0, 12] } });
    const half = await readMatrix(safetensors(header("F16"), bytesOf(bits)), { field });
    expect([...half.data]).toEqual([2 ** -24, 1023 * 2 ** -24, 2 ** -14, -(2 ** -24), 65504, 0.333251953125]);
    const brain = await readMatrix(
      safetensors(header("BF16"), bytesOf(Uint16Array.of(0x3f80, 0xbf80, 0, 1, 0x4049, 0x7f7f))),
      { field },
    );
    expect([...brain.data.slice(0, 3), brain.data[4]]).toEqual([1, -1, 0, 3.140625]);
  });

  it("names row and column of a value that is not finite", async () => {
    for (const [value, name] of [
      [Number.NaN, "NaN"],
      [Number.NEGATIVE_INFINITY, "-Infinity"],
    ] as const) {
      const data = values.data.slice();
      data[3] = value;
      await expect(readMatrix(encodeNpy(matrix(3, 2, data)), { field })).rejects.toThrow(
        `embeddings: row 1, column 1 is ${name}`,
      );
    }
    const large = joined(npyHeader("f8", [1, 1]), bytesOf(Float64Array.of(1e300)));
    await expect(readMatrix(large, { field })).rejects.toThrow("row 0, column 0 is Infinity");
  });

  it("compares the shape with the expected one", async () => {
    const file = encodeNpy(values);
    await expect(readMatrix(file, { field, expected: { rows: 4 } })).rejects.toThrow(
      "it has 3 rows, but there are 4 inputs",
    );
    await expect(readMatrix(file, { field, expected: { columns: 5 } })).rejects.toThrow(
      "it has 2 columns, but 5 are needed",
    );
    const cube = joined(npyHeader("u1", [1, 2, 3]), [0, 1, 2, 3, 4, 5]);
    await expect(readMatrix(cube, { field })).rejects.toThrow("its shape is [1, 2, 3]");
    expect((await readNumbers(cube, { field })).shape).toEqual([1, 2, 3]);
  });

  const good = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), }";
  it.each([
    ["nothing", new Uint8Array(0), /too short/],
    ["text", Buffer.from("col1,col2\n1,2\n"), /not a safetensors file/],
    ["a cut .npy", encodeNpy(values).subarray(0, -1), /needs 24 bytes of elements, the file has 23/],
    ["bytes after the array", joined(encodeNpy(values), [0]), /the file has 25/],
    ["Fortran order", npy(good.replace("False", "True"), new Uint8Array(4)), /Fortran order/],
    ["big-endian", npy(good.replace("<f4", ">f4"), new Uint8Array(4)), /element type is >f4/],
    ["pickled objects", npy(good.replace("<f4", "|O"), new Uint8Array(4)), /element type is \|O/],
    ["a header without shape", npy("{'descr': '<f4', 'fortran_order': False}", new Uint8Array(4)), /lacks/],
    ["a negative size", npy(good.replace("(1, 1)", "(-1, 1)"), new Uint8Array(4)), /lacks/],
    [
      "an absurd shape",
      npy(good.replace("(1, 1)", "(99999999999, 99999999999)"), new Uint8Array(4)),
      /needs NaN|needs \d+/,
    ],
    ["a header beyond the file", joined([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 255, 255, 0, 0]), /lacks/],
    [
      "a huge header",
      joined([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 2, 0, 255, 255, 255, 255]),
      /claims 4294967295/,
    ],
    ["a damaged .npz", Buffer.from("PK\x03\x04 and no more"), /damaged .npz/],
    ["an .npz of other files", zipSync({ "a.npy": Buffer.from("none") }), /not an .npy file/],
    ["a huge safetensors header", joined([255, 255, 255, 255, 255, 255, 255, 127]), /too large/],
    ["a safetensors header that is no JSON", safetensors("{]", new Uint8Array(0)), /cannot be read/],
    [
      "offsets beyond the file",
      safetensors({ t: { dtype: "F32", shape: [2, 1], data_offsets: [0, 8] } }, new Uint8Array(4)),
      /claims bytes 0 to 8/,
    ],
    [
      "offsets that do not fit the shape",
      safetensors({ t: { dtype: "F32", shape: [1, 1], data_offsets: [0, 8] } }, new Uint8Array(8)),
      /claims bytes 0 to 8/,
    ],
    [
      "negative offsets",
      safetensors({ t: { dtype: "F32", shape: [1, 1], data_offsets: [-4, 0] } }, new Uint8Array(8)),
      /cannot be read/,
    ],
    [
      "another type",
      safetensors({ t: { dtype: "__proto__", shape: [1, 1], data_offsets: [0, 4] } }, new Uint8Array(4)),
      /has the type __proto__/,
    ],
  ])("refuses %s", async (_, file, message) => {
    const error = await readMatrix(file, { field }).catch((e) => e);
    expect(error).toBeInstanceOf(InvalidArrayError);
    expect(error.message).toMatch(message);
  });
});

describe("matrix files on disk", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "faultline-arrays-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ["npy", encodeNpy],
    ["safetensors", (m: typeof values) => encodeSafetensors({ m })],
  ])("reads ranges of rows of %s", async (extension, encode) => {
    const many = matrix(
      1000,
      3,
      Float32Array.from({ length: 3000 }, (_, i) => i),
    );
    const path = join(folder, `many.${extension}`);
    await writeFile(path, encode(many));
    const file = await openMatrixFile(path, { field, expected: { rows: 1000, columns: 3 } });
    expect(file).toMatchObject({ rows: 1000, columns: 3, type: "f4" });
    expect([...(await file.readRows(998, 2)).data]).toEqual([2994, 2995, 2996, 2997, 2998, 2999]);
    expect((await file.readRows(1000, 0)).rows).toBe(0);
    await expect(file.readRows(999, 2)).rejects.toThrow(RangeError);
    await file.close();
  });

  it.skipIf(!hasSharedData)("reads what NumPy wrote, and writes the same bytes", async () => {
    const path = sharedFile("clip-vitb32/cifar10_test_0-349_resnet20_features.npy");
    const features = await readMatrix(path, { field, expected: { rows: 350, columns: 64 } });
    expect(Buffer.from(encodeNpy(features)).equals(await readFile(path))).toBe(true);
    const labels = await readNumbers(sharedFile("clip-vitb32/cifar10_test_0-349_labels.npy"), { field });
    expect(labels.shape).toEqual([350]);
    expect(labels.values.every((label) => Number.isInteger(label) && label >= 0 && label < 10)).toBe(true);
    const images = await readNumbers(sharedFile("clip-vitb32/cifar10_test_0-349_images_u8.npy"), { field });
    expect(images.shape).toEqual([350, 32, 32, 3]);
  });
});
