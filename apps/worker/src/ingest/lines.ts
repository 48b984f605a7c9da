/** A text whose next line is longer than allowed. */
export class LongLineError extends Error {
  override readonly name = "LongLineError";
  constructor(readonly line: number) {
    super(`line ${line} is too long`);
  }
}

/**
 * The lines of a UTF-8 text, without their ends (`\n` or `\r\n`), in memory of one chunk and one line. (Node's readline
 * gathers a line without an end until memory is.)
 *
 * @throws LongLineError as soon as a line has more than `maxBytes`
 */
export async function* boundedLines(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<string, void, undefined> {
  let number = 1;
  let begun: Buffer[] = [];
  let begunBytes = 0;
  const lineOf = (end: Buffer) => {
    const line = Buffer.concat([...begun, end]).toString("utf8");
    begun = [];
    begunBytes = 0;
    number++;
    return line.endsWith("\r") ? line.slice(0, -1) : line;
  };
  for await (const bytes of chunks) {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      if (begunBytes + end - start > maxBytes) throw new LongLineError(number);
      yield lineOf(chunk.subarray(start, end));
      start = end + 1;
    }
    begunBytes += chunk.length - start;
    if (begunBytes > maxBytes) throw new LongLineError(number);
    if (start < chunk.length) begun.push(chunk.subarray(start));
  }
  if (begunBytes > 0) yield lineOf(Buffer.alloc(0));
}
