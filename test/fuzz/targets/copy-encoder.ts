import { CopyEncoder } from "../../../packages/db/src/copy-encoder.ts";
import type { FuzzTarget } from "../fuzz-target.ts";
import { mutated } from "../mutation.ts";

const seeds = ["a", "ä€😀", "\ud800".repeat(3), "x".repeat(5000)].map((text) => Buffer.from(text, "utf16le"));

/** One row of a text, its length and a list, read again by PostgreSQL's description of the format. */
function roundTrip(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString("utf16le");
  const list = Int16Array.from(bytes.subarray(0, 300));
  const encoder = new CopyEncoder();
  encoder.row(4);
  encoder.text(text);
  encoder.int64(bytes.length);
  encoder.int16Array(list);
  encoder.null();
  const all = Buffer.concat(encoder.finish());
  let at = 19;
  const take = () => {
    const length = all.readInt32BE(at);
    at += 4 + Math.max(length, 0);
    return length < 0 ? null : all.subarray(at - length, at);
  };
  const fields = all.readInt16BE(at);
  at += 2;
  const [told, length, numbers, nothing] = [take(), take(), take(), take()];
  const trailer = all.readInt16BE(at);
  if (
    fields !== 4 ||
    !told?.equals(Buffer.from(text)) ||
    length?.readBigInt64BE() !== BigInt(bytes.length) ||
    numbers?.length !== (list.length === 0 ? 12 : 20 + 6 * list.length) ||
    nothing !== null ||
    trailer !== -1 ||
    at + 2 !== all.length
  )
    throw new Error("what was written is not what was given");
}

export const copyEncoderTargets: readonly FuzzTarget[] = [
  { name: "copy-encoder", input: mutated(seeds), run: roundTrip, isTyped: () => false },
];
