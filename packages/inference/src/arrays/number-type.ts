/** Element types that arrays may have, named as NumPy abbreviates them (`bf2` is bfloat16). Little-endian. */
export type NumberType = "f2" | "bf2" | "f4" | "f8" | "u1" | "i4" | "i8";

export const BYTES_PER_ELEMENT: Record<NumberType, number> = {
  f2: 2,
  bf2: 2,
  f4: 4,
  f8: 8,
  u1: 1,
  i4: 4,
  i8: 8,
};

/** An array as its file describes it. The first dimension is the rows. */
export interface ArrayLayout {
  readonly type: NumberType;
  readonly shape: readonly number[];
  /** Where the elements start in the file, in bytes. They lie in C order. */
  readonly offset: number;
}

/** Elements of a shape. Infinity-free: NaN when the product is not a safe whole number. */
export function elementCount(shape: readonly number[]): number {
  const count = shape.reduce((product, size) => product * size, 1);
  return Number.isSafeInteger(count) ? count : Number.NaN;
}

/** Converts elements to float64 (exact, except i8 beyond ±2^53). */
export function toFloat64(bytes: Uint8Array, type: NumberType): Float64Array {
  return Float64Array.from(numbers(bytes, type));
}

/** Converts elements to float32, rounding to the nearest; f8 values beyond its range become infinite. */
export function toFloat32(bytes: Uint8Array, type: NumberType): Float32Array {
  if (type === "f4" && bytes.byteOffset % 4 === 0)
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  return Float32Array.from(numbers(bytes, type));
}

function numbers(bytes: Uint8Array, type: NumberType): Iterable<number> & ArrayLike<number> {
  // A copy, so that typed arrays find the elements aligned.
  const { buffer } = type === "u1" ? bytes : new Uint8Array(bytes);
  switch (type) {
    case "u1":
      return bytes;
    case "f4":
      return new Float32Array(buffer);
    case "f8":
      return new Float64Array(buffer);
    case "i4":
      return new Int32Array(buffer);
    case "i8":
      return Float64Array.from(new BigInt64Array(buffer), Number);
    case "f2":
      return Float32Array.from(new Uint16Array(buffer), fromFloat16);
    case "bf2": {
      const high = Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16);
      return new Float32Array(high.buffer);
    }
  }
}

/** IEEE 754 binary16 (Node 20 has no Float16Array). */
function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
