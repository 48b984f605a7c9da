// Valid files with a few things changed find more than random bytes do: they get past the first check.
import fc from "fast-check";

const scale = 2 ** 16;
/** An operation and what it needs: three numbers that are read as places, lengths or choices. */
type Change = readonly [kind: number, a: number, b: number, c: number];

const change: fc.Arbitrary<Change> = fc.tuple(
  fc.nat(11),
  fc.nat(scale - 1),
  fc.nat(scale - 1),
  fc.nat(scale - 1),
);
const changes = fc.array(change, { maxLength: 6 });

const integers = [0n, 1n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0xffffn, 0x7fffffffn, 0x80000000n, 0xffffffffn];
const wideIntegers = [...integers, 2n ** 32n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];
const digits = ["0", "-1", "1e9", "65536", "4294967295", "99999999999999999999", "1e400", "NaN", "0x10", " "];
const texts = [
  "\0",
  "../",
  "/",
  "\\",
  '"',
  "'",
  "[",
  "{",
  "\n",
  "\u2028",
  "\ud800",
  "é",
  "e\u0301",
  "%",
  "__proto__",
];

/**
 * Bytes of one of the seeds after up to six changes: bits, cuts, repeats, splices with other seeds, numbers of any
 * width, digits and odd characters.
 *
 * @param repair sets right what a parser checks first, as a checksum; used in half of the cases
 */
export function mutated(
  seeds: readonly Uint8Array[],
  repair?: (bytes: Uint8Array) => Uint8Array,
): fc.Arbitrary<Uint8Array> {
  return fc.tuple(fc.nat(seeds.length - 1), changes, fc.boolean()).map(([seed, list, repaired]) => {
    let bytes: Uint8Array = Buffer.from(seeds[seed]);
    for (const each of list) bytes = apply(bytes, each, seeds);
    return repaired && repair ? repair(bytes) : bytes;
  });
}

function apply(bytes: Uint8Array, [kind, a, b, c]: Change, seeds: readonly Uint8Array[]): Uint8Array {
  const { length } = bytes;
  const at = Math.floor((a / scale) * length);
  // Mostly short pieces, now and then up to all of it.
  const size = Math.min(length - at, b % 4 === 0 ? Math.floor((c / scale) * length) : (c % 16) + 1);
  switch (kind) {
    case 0:
    case 1:
      if (length > 0) bytes[at] ^= 1 << (b % 8);
      return bytes;
    case 2:
      if (length > 0) bytes[at] = Number(integers[b % 5]);
      return bytes;
    case 3:
      return bytes.subarray(0, at);
    case 4:
      return joined(bytes.subarray(0, at), bytes.subarray(at + size));
    case 5:
      return joined(
        bytes.subarray(0, at),
        ...repeated(bytes.subarray(at, at + size), (b % 40) + 2),
        bytes.subarray(at + size),
      );
    case 6: {
      const other = seeds[b % seeds.length];
      const from = Math.floor((c / scale) * other.length);
      return joined(bytes.subarray(0, at), other.subarray(from));
    }
    case 7:
    case 8:
      return withInteger(bytes, at, b, c);
    case 9:
      return withDigits(bytes, at, digits[b % digits.length]);
    case 10:
      return joined(
        bytes.subarray(0, at),
        Buffer.from(texts[b % texts.length]),
        bytes.subarray(at + (c % 2)),
      );
    default:
      return joined(bytes.subarray(at), bytes.subarray(0, at));
  }
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

function repeated(part: Uint8Array, times: number): Uint8Array[] {
  return Array.from({ length: part.length > 4096 ? 2 : times }, () => part);
}

/** An interesting number in 2, 4 or 8 bytes, either end first. */
function withInteger(bytes: Uint8Array, at: number, b: number, c: number): Uint8Array {
  const width = [2, 4, 8][b % 3];
  if (at + width > bytes.length) return bytes;
  let value = wideIntegers[c % wideIntegers.length];
  for (let i = 0; i < width; i++, value >>= 8n)
    bytes[b % 2 === 0 ? at + i : at + width - 1 - i] = Number(value & 0xffn);
  return bytes;
}

/** Replaces the next number that is written in digits. */
function withDigits(bytes: Uint8Array, at: number, text: string): Uint8Array {
  const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39;
  let start = at;
  while (start < bytes.length && !isDigit(bytes[start])) start++;
  let end = start;
  while (end < bytes.length && isDigit(bytes[end])) end++;
  return joined(bytes.subarray(0, start), Buffer.from(text), bytes.subarray(end));
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** As texts, so that each use is a value of its own. */
const values = [
  null,
  true,
  -1,
  0,
  1,
  1.5,
  1e308,
  2 ** 53,
  4096,
  65_537,
  "",
  "a",
  "\0",
  "x".repeat(300),
  "=",
  "AAAA",
  [],
  {},
  [[]],
  nested(40),
  nested(1000),
  ["a", "a"],
  { a: 1 },
  Array.from({ length: 200 }, (_, i) => i),
  Number.MIN_VALUE,
].map((value) => JSON.stringify(value));

function nested(depth: number): Json {
  let value: Json = [];
  for (let i = 1; i < depth; i++) value = [value];
  return value;
}

/** The text of one of the values after up to five of its parts were replaced, removed, doubled or renamed. */
export function mutatedJson(
  seeds: readonly object[],
  finish: (value: Json) => Json = (value) => value,
): fc.Arbitrary<Uint8Array> {
  const texts = seeds.map((seed) => JSON.stringify(seed));
  const list = fc.array(change, { maxLength: 5 });
  return fc.tuple(fc.nat(texts.length - 1), list).map(([seed, each]) => {
    const value = JSON.parse(texts[seed]) as Json;
    for (const one of each) changeJson(value, one);
    return Buffer.from(JSON.stringify(finish(value)));
  });
}

function changeJson(root: Json, [kind, a, b, c]: Change): void {
  // Down from the top, by the bits of a: parts near the top are as likely as all those below.
  let holder: Json = root;
  let path = a;
  for (let depth = 0; depth < 6; depth++) {
    if (typeof holder !== "object" || holder === null) return;
    const keys = Object.keys(holder);
    if (keys.length === 0) return;
    const key = keys[path % keys.length];
    path = Math.floor(path / 3);
    const inner: Json = Array.isArray(holder) ? holder[Number(key)] : holder[key];
    if (typeof inner === "object" && inner !== null && path % 3 !== 0) {
      holder = inner;
      continue;
    }
    const value = JSON.parse(values[b % values.length]) as Json;
    if (Array.isArray(holder)) changeArray(holder, Number(key), kind, value, c);
    else if (kind % 4 === 0) delete holder[key];
    else if (kind % 4 === 1) holder[texts[c % texts.length]] = value;
    else holder[key] = value;
    return;
  }
}

function changeArray(list: Json[], index: number, kind: number, value: Json, c: number): void {
  if (kind % 4 === 0) list.splice(index, (c % 3) + 1);
  else if (kind % 4 === 1) list.splice(index, 0, ...list.slice(index, index + (c % 50)));
  else list[index] = value;
}
