import { briefly } from "@faultline/core";
import { z } from "zod";
import { DatasetFailure } from "./dataset-failure.ts";
import { boundedLines, LongLineError } from "./lines.ts";

/** Bytes of one line: an id, a clean id and a class, with room to spare. It bounds depth and number of fields, too. */
export const MAX_LINE_BYTES = 16 * 2 ** 10;

/** Lines of a manifest, and so inputs of a dataset. */
export const MAX_LINES = 10_000_000;

/** As long as a path in an archive may be: a unique index of PostgreSQL takes 2,704 bytes. */
const externalId = z
  .string()
  .min(1)
  .max(512)
  // Half of a surrogate pair cannot be stored, and becomes another text.
  .refine((id) => !/[\p{Cc}\p{Cs}]/u.test(id), "Remove the control characters.");

const manifestLine = z.strictObject({
  id: externalId,
  split: z.string().max(100),
  label: z.string().max(200).nullish(),
  /** External id of the clean input that an attacked one came from. */
  cleanId: externalId.nullish(),
  /** Hash of an uploaded picture. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullish(),
});
export type ManifestLine = z.infer<typeof manifestLine>;

/** The lines of a manifest that are not blank, with their place for messages. @throws DatasetFailure */
export async function* manifestLines(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ line: ManifestLine; where: string }, void, undefined> {
  let number = 0;
  try {
    for await (const text of boundedLines(chunks, MAX_LINE_BYTES)) {
      if (++number > MAX_LINES)
        throw new DatasetFailure(
          `The manifest has more than ${MAX_LINES} lines: split it into several datasets.`,
        );
      if (text.trim() === "") continue;
      const where = `line ${number} of the manifest`;
      yield { line: parseManifestLine(text, where), where };
    }
  } catch (error) {
    if (!(error instanceof LongLineError)) throw error;
    throw new DatasetFailure(
      `line ${error.line} of the manifest has more than ${MAX_LINE_BYTES} bytes: write one object a line.`,
    );
  }
}

/** @throws DatasetFailure naming the place and what is wrong there */
export function parseManifestLine(text: string, where: string): ManifestLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new DatasetFailure(
      `${where} is not JSON (${briefly((error as Error).message, 200)}): write one object a line.`,
    );
  }
  const parsed = manifestLine.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new DatasetFailure(
    `${where}: ${issue.path.join(".") || "object"}: ${briefly(issue.message, 200)}. A line is {"id", "split", "label"?, "cleanId"?, "sha256"?}.`,
  );
}
