import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boundedLines, LongLineError } from "../src/ingest/lines.ts";

async function linesOf(text: string, chunkBytes: number, maxBytes: number): Promise<string[]> {
  const bytes = Buffer.from(text);
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  const lines: string[] = [];
  for await (const line of boundedLines(chunks(), maxBytes)) lines.push(line);
  return lines;
}

describe("boundedLines", () => {
  it("gives the lines of any text, however it is cut", async () => {
    const text = fc.array(fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("", "\u2028", "\r")));
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.constantFrom("\n", "\r\n"),
        fc.integer({ min: 1, max: 9 }),
        async (parts, end, size) => {
          const lines = parts.map((part) => part.replaceAll(/[\r\n]/g, "x"));
          expect(await linesOf(lines.map((line) => line + end).join(""), size, 1000)).toEqual(lines);
        },
      ),
    );
  });

  it("gives a last line that has no end, and none for an empty text", async () => {
    expect(await linesOf("a\n\nb", 2, 10)).toEqual(["a", "", "b"]);
    expect(await linesOf("", 2, 10)).toEqual([]);
  });

  it("7. stops at a line without an end as soon as it is too long", async () => {
    let given = 0;
    async function* endless() {
      for (;;) {
        given += 1000;
        yield Buffer.alloc(1000, "x");
      }
    }
    const reading = (async () => {
      for await (const _ of boundedLines(endless(), 10_000));
    })();
    await expect(reading).rejects.toThrow(LongLineError);
    expect(given).toBe(11_000);
    await expect(linesOf(`a\n${"b".repeat(11)}\n`, 5, 10)).rejects.toThrow("line 2 is too long");
    expect(await linesOf(`${"b".repeat(10)}\r\n`, 5, 11)).toEqual(["b".repeat(10)]);
  });
});
