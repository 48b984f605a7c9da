// Array files that were made to take memory, time, or messages of megabytes.
import { matrix } from "@faultline/core";
import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { openMatrixFile, readMatrix, rowBlocks } from "../src/arrays/array-file.ts";
import type { ByteSource } from "../src/arrays/byte-source.ts";
import { InvalidArrayError } from "../src/arrays/invalid-array.ts";
import { npyHeader } from "../src/arrays/npy.ts";
import { encodeNpz } from "../src/arrays/npz.ts";

const field = "embeddings";

function safetensors(json: string): Uint8Array {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(json)));
  return Buffer.concat([length, Buffer.from(json)]);
}

async function refusal(file: Uint8Array | ByteSource, name?: string): Promise<string> {
  const before = process.cpuUsage();
  const error: unknown = await readMatrix(file, { field, name }).catch((thrown: unknown) => thrown);
  const { user, system } = process.cpuUsage(before);
  expect(error).toBeInstanceOf(InvalidArrayError);
  expect((user + system) / 1e6).toBeLessThan(1);
  const { message } = error as InvalidArrayError;
  expect(message.length).toBeLessThanOrEqual(500);
  return message;
}

describe("a hostile array file", () => {
  it("15. of a safetensors header of 8.5 MB is refused unread", async () => {
    const tensors = Array.from({ length: 150_000 }, (_, i) => [`t${i}`, { dtype: "F32", shape: [-1], x: 1 }]);
    const file = safetensors(JSON.stringify(Object.fromEntries(tensors)));
    expect(file.length).toBeGreaterThan(5e6);
    expect(await refusal(file)).toMatch(/header of \d+ bytes is too large/);
  });

  it("15. of many tensors, long names or wrong ones gets a short answer", async () => {
    const good = { dtype: "F32", shape: [1, 1], data_offsets: [0, 4] };
    const named = (names: string[]) =>
      safetensors(JSON.stringify(Object.fromEntries(names.map((name) => [name, good]))));
    expect(await refusal(named(Array.from({ length: 5000 }, (_, i) => `t${i}`)))).toMatch(/5000 tensors/);
    expect(await refusal(named(["a", "b"].map((name) => name.repeat(400_000))))).toMatch(/holds 2 tensors/);
    expect(await refusal(named(["a"]), "b".repeat(100_000))).toMatch(/holds no tensor "bbb/);
    expect(
      await refusal(safetensors(`{"a":{"dtype":"${"F".repeat(900_000)}","shape":[1],"data_offsets":[0,4]}}`)),
    ).toMatch(/has the type FFF/);
    expect(await refusal(safetensors(`{"a":${"[".repeat(500_000)}`))).toMatch(/cannot be read/);
    expect(await refusal(safetensors(`{"a":${"[".repeat(500_000)}${"]".repeat(500_000)}}`))).toMatch(
      /cannot be read: a: Invalid input/,
    );
    expect(await refusal(safetensors("[]"))).toMatch(/not a JSON object/);
  });

  it("15. that is an .npz bomb is unpacked only as far as its rows are asked for", async () => {
    // 1.3 MB that unpack to 1.3 GB, rightly described.
    const rows = 100_000;
    const member = new Uint8Array(128 + 4 * rows * 100);
    member.set(npyHeader("f4", [rows, 100]));
    const bomb = zipSync({ "a.npy": member }, { level: 1 });
    expect(bomb.length).toBeLessThan(400_000);
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    const file = await openMatrixFile(bomb, { field });
    let seen = 0;
    for await (const { start, block } of rowBlocks(file)) {
      expect(start).toBe(seen);
      seen += block.rows;
      peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
      // Blocks that were read are garbage; what is held is one of them.
      if (seen % 26_210 === 0) globalThis.gc?.();
    }
    expect(seen).toBe(rows);
    await file.close();
    // Against an expected shape nothing at all is unpacked.
    const error: unknown = await openMatrixFile(bomb, { field, expected: { rows: 3 } }).catch((e) => e);
    expect(error).toBeInstanceOf(InvalidArrayError);
  });

  it("15. whose .npz claims more than it holds, or less, is refused", async () => {
    const zip = Buffer.from(encodeNpz({ a: matrix(2, 2, Float32Array.of(1, 2, 3, 4)) }));
    const deflated = Buffer.from(
      zipSync({ "a.npy": Buffer.concat([npyHeader("f4", [9, 9]), Buffer.alloc(16)]) }),
    );
    expect(await refusal(deflated)).toMatch(/needs 324 bytes of elements, the file has 16/);
    const directory = zip.indexOf(Buffer.from("PK\x01\x02", "latin1"));
    zip.writeUInt32LE(1e9, directory + 24);
    expect(await refusal(zip)).toMatch(/damaged .npz/);
  });

  it("15. of 65,537 columns, of 5,000 arrays or of an endless type is refused", async () => {
    expect(await refusal(Buffer.concat([npyHeader("u1", [1, 65_537]), Buffer.alloc(65_537)]))).toMatch(
      /65537 columns/,
    );
    const many = Array.from({ length: 5000 }, (_, i) => [`a${i}.npy`, new Uint8Array(0)] as const);
    expect(await refusal(zipSync(Object.fromEntries(many)))).toMatch(/more than 4096 entries/);
    const header = `{'descr': '${"f".repeat(60_000)}', 'fortran_order': False, 'shape': (1, 1)}`;
    const prefix = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8];
    expect(await refusal(Buffer.concat([Buffer.from(prefix), Buffer.from(header)]))).toMatch(
      /element type is fff/,
    );
  });

  it("15. is not asked for more than its header claims", async () => {
    const asked: number[] = [];
    const head = npyHeader("f8", [2 ** 40, 2 ** 14]);
    const source: ByteSource = {
      length: head.length + 2 ** 57,
      read: async (offset, length) => {
        asked.push(length);
        return head.subarray(offset, offset + length);
      },
      close: async () => {},
    };
    expect(await refusal(source)).toMatch(/needs NaN bytes|at once/);
    expect(Math.max(...asked)).toBeLessThan(100_000);
  });
});
