/**
 * What a JSON body may hold. Reading JSON takes a multiple of its bytes in memory, and seconds for the wrong 16 MiB:
 * so signs are counted first. A batch of 256 embeddings of 2,048 numbers has 525,000 values.
 */
export const jsonLimits = { values: 600_000, lists: 50_000, names: 50_000, nesting: 64 } as const;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openings = new Set([0x5b, 0x7b]);
const closings = new Set([0x5d, 0x7d]);

/** The limit of {@link jsonLimits} that a text of JSON exceeds; null when it keeps them all. Right for valid JSON. */
export function exceededJsonLimit(json: Buffer): keyof typeof jsonLimits | null {
  let values = 1;
  let lists = 0;
  let names = 0;
  let nesting = 0;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (byte === quote) {
      i = endOfString(json, i);
    } else if (byte === comma) {
      if (++values > jsonLimits.values) return "values";
    } else if (byte === colon) {
      if (++names > jsonLimits.names) return "names";
    } else if (openings.has(byte)) {
      if (++lists > jsonLimits.lists) return "lists";
      if (++nesting > jsonLimits.nesting) return "nesting";
    } else if (closings.has(byte)) nesting--;
  }
  return null;
}

/** Index of the quote that ends the string which begins at `start`; that of the last byte when none does. */
function endOfString(json: Buffer, start: number): number {
  for (let end = json.indexOf(quote, start + 1); end !== -1; end = json.indexOf(quote, end + 1)) {
    let escapes = 0;
    while (json[end - 1 - escapes] === backslash) escapes++;
    if (escapes % 2 === 0) return end;
  }
  return json.length - 1;
}
