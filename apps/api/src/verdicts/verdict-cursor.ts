import { ValidationError } from "../errors.ts";

export type VerdictOrder = "INPUT" | "SCORE_DESCENDING" | "SCORE_ASCENDING";

/** A place in a list of verdicts. */
export interface Cursor {
  score: number;
  inputId: bigint;
}

const orders: readonly VerdictOrder[] = ["INPUT", "SCORE_DESCENDING", "SCORE_ASCENDING"];
/** Order (1 byte), score (float64, every bit of it), input (int64). Pages are many: one buffer serves them all. */
const cursorBytes = Buffer.alloc(17);

/** The place of a verdict, opaque to others. */
export function encodeCursor(
  order: VerdictOrder,
  { score, inputId }: { score: number; inputId: string },
): string {
  cursorBytes[0] = orders.indexOf(order);
  cursorBytes.writeDoubleBE(score, 1);
  cursorBytes.writeBigInt64BE(BigInt(inputId), 9);
  return cursorBytes.toString("base64url");
}

/** @throws ValidationError for what is no cursor, or one of another order */
export function decodeCursor(text: string, order: VerdictOrder): Cursor {
  const bytes = Buffer.from(text, "base64url");
  const own = bytes.length === cursorBytes.length ? orders[bytes[0]] : undefined;
  if (!own) throw ValidationError.of("after", "This is no cursor of a connection of verdicts.");
  if (own !== order)
    throw ValidationError.of("after", `This cursor belongs to the order ${own}. Begin again without it.`);
  return { score: bytes.readDoubleBE(1), inputId: bytes.readBigInt64BE(9) };
}
