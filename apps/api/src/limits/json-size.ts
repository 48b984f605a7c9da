/**
 * What a JSON body may hold. Reading JSON takes a multiple of its bytes in memory, and seconds for the wrong 16 MiB:
 * so signs are counted first. A batch of 256 embeddings of 2,048 numbers has 525,000 values.
 */
export const jsonLimits = { values: 600_000, lists: 50_000, names: 50_000, nesting: 64 } as const;

const quote = 0x22;
const backslash = 0x5c;

/** What a byte is outside of texts. Nearly all are part of a number or a word: those are passed over by one look. */
const [other, text, value, name, opening, closing] = [0, 1, 2, 3, 4, 5];
const kinds = new Uint8Array(256).fill(other);
for (const [signs, kind] of [
  ['"', text],
  [",", value],
  [":", name],
  ["[{", opening],
  ["]}", closing],
] as const)
  for (const sign of signs) kinds[sign.charCodeAt(0)] = kind;

/** The limit of {@link jsonLimits} that a text of JSON exceeds; null when it keeps them all. Right for valid JSON. */
export function exceededJsonLimit(json: Buffer): keyof typeof jsonLimits | null {
  let values = 1;
  let lists = 0;
  let names = 0;
  let nesting = 0;
  for (let i = 0; i < json.length; i++) {
    const kind = kinds[json[i]];
    if (kind === other) continue;
    if (kind === text) i = endOfString(json, i);
    else if (kind === closing) nesting--;
    else if (kind === value) {
      if (++values > jsonLimits.values) return "values";
    } else if (kind === name) {
      if (++names > jsonLimits.names) return "names";
    } else {
      if (++lists > jsonLimits.lists) return "lists";
      if (++nesting > jsonLimits.nesting) return "nesting";
    }
  }
  return null;
}

/** Index of the quote that ends the string which begins at `start`; past the end when none does. */
function endOfString(json: Buffer, start: number): number {
  let i = start + 1;
  while (i < json.length && json[i] !== quote) i += json[i] === backslash ? 2 : 1;
  return i;
}
