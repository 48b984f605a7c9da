import { describe, expect, it } from "vitest";
import { decodeArrays, encodeArrays } from "../src/encoding.ts";

describe("encodeArrays", () => {
  const arrays = [Float64Array.of(1, Number.NaN, -0, Number.POSITIVE_INFINITY), new Float64Array(0)];
  const bytes = encodeArrays("kind.1", arrays);

  it("gives back every bit, wherever the bytes lie", () => {
    expect(decodeArrays("kind.1", bytes)).toEqual(arrays);
    const inside = new Uint8Array(bytes.length + 3);
    inside.set(bytes, 3);
    expect(decodeArrays("kind.1", inside.subarray(3))).toEqual(arrays);
  });

  it("refuses other kinds and damaged bytes", () => {
    expect(() => decodeArrays("kind.2", bytes)).toThrow(/not a "kind.2" record/);
    expect(() => decodeArrays("kind.1", bytes.subarray(0, 3))).toThrow(/no readable head/);
    expect(() => decodeArrays("kind.1", bytes.subarray(0, 6))).toThrow(/no readable head/);
    expect(() => decodeArrays("kind.1", bytes.subarray(0, bytes.length - 1))).toThrow(/cut short/);
    expect(() => decodeArrays("kind.1", bytes.subarray(0, 20))).toThrow(/cut short/);
    const negative = bytes.slice();
    new DataView(negative.buffer).setFloat64(4 + 6, -1, true);
    expect(() => decodeArrays("kind.1", negative)).toThrow(/cut short/);
  });
});
