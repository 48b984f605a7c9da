import { InvalidInputError } from "./errors.ts";
import { type HeatmapCounts, MAX_CONCEPTS, MIN_CONCEPTS } from "./heatmap.ts";

const MAGIC = 0x4d484c46; // "FLHM", little endian
const VERSION = 1;
const HEADER_BYTES = 16;

/**
 * A heatmap as bytes, for a database column or a file. Little endian throughout:
 *
 * | offset | type           | content                                                       |
 * | ------ | -------------- | ------------------------------------------------------------- |
 * | 0      | u32            | magic "FLHM"                                                  |
 * | 4      | u8             | version, 1                                                    |
 * | 5      | u8             | bytes a count: the fewest of 1, 2, 4 that can hold `inputs`   |
 * | 6      | u16            | concepts C, 2..4096                                           |
 * | 8      | u32            | inputs                                                        |
 * | 12     | u32            | 0, reserved                                                   |
 * | 16     | C² counts      | row-major, the whole square with its zero diagonal            |
 *
 * Equal heatmaps give equal bytes.
 */
export function encodeHeatmap(heatmap: HeatmapCounts): Uint8Array {
  const { concepts, inputs, counts } = heatmap;
  const width = countWidth(inputs);
  const bytes = new Uint8Array(HEADER_BYTES + counts.length * width);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, VERSION);
  view.setUint8(5, width);
  view.setUint16(6, concepts, true);
  view.setUint32(8, inputs, true);
  for (let cell = 0, at = HEADER_BYTES; cell < counts.length; cell++)
    for (let byte = 0; byte < width; byte++) bytes[at++] = counts[cell] >>> (8 * byte);
  return bytes;
}

/** The inverse of {@link encodeHeatmap}. Throws InvalidInputError, saying what is wrong, for any other bytes. */
export function decodeHeatmap(bytes: Uint8Array): HeatmapCounts {
  const reject = (problem: string): never => {
    throw new InvalidInputError(
      "heatmap bytes",
      problem,
      "Pass the whole, unchanged output of encodeHeatmap.",
    );
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES) reject(`are ${bytes.length} long, shorter than the header`);
  if (view.getUint32(0, true) !== MAGIC) reject("do not begin with FLHM");
  if (view.getUint8(4) !== VERSION) reject(`have version ${view.getUint8(4)}, this reader knows ${VERSION}`);
  const width = view.getUint8(5);
  const concepts = view.getUint16(6, true);
  const inputs = view.getUint32(8, true);
  if (concepts < MIN_CONCEPTS || concepts > MAX_CONCEPTS) reject(`claim ${concepts} concepts`);
  if (width !== countWidth(inputs)) reject(`use ${width} bytes a count for ${inputs} inputs`);
  if (view.getUint32(12, true) !== 0) reject("have a reserved field that is not 0");
  const cells = concepts * concepts;
  if (bytes.length !== HEADER_BYTES + cells * width)
    reject(`are ${bytes.length} long, not ${HEADER_BYTES + cells * width}`);
  const counts = new Uint32Array(cells);
  for (let cell = 0, at = HEADER_BYTES; cell < cells; cell++) {
    let count = 0;
    for (let byte = 0; byte < width; byte++) count |= bytes[at++] << (8 * byte);
    counts[cell] = count;
  }
  for (let i = 0; i < concepts; i++)
    for (let j = 0; j <= i; j++) {
      const sum = counts[i * concepts + j] + counts[j * concepts + i];
      if (sum > (i === j ? 0 : inputs))
        reject(`count cells (${i}, ${j}) and (${j}, ${i}) more often than the inputs allow`);
    }
  return { concepts, inputs, counts };
}

function countWidth(inputs: number): 1 | 2 | 4 {
  return inputs <= 0xff ? 1 : inputs <= 0xffff ? 2 : 4;
}
