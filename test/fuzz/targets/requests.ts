// What comes in a request besides files: ids, cursors, headers, lists.
import fc from "fast-check";
import { decode, isKey } from "../../../apps/api/src/access/reach.ts";
import { parse, ValidationError } from "../../../apps/api/src/errors.ts";
import { partOf } from "../../../apps/api/src/http/content-range.ts";
import { classes, metadata, name, sha256 } from "../../../apps/api/src/names.ts";
import { decodeCursor, encodeCursor } from "../../../apps/api/src/verdicts/verdict-cursor.ts";
import type { FuzzTarget } from "../fuzz-target.ts";
import { mutated, mutatedJson } from "../mutation.ts";

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const isTyped = (error: unknown) => error instanceof ValidationError && error.message.length <= 2000;
const cursors = ["INPUT", "SCORE_DESCENDING"] as const;

export const requestTargets: readonly FuzzTarget[] = [
  {
    name: "cursor",
    input: mutated(cursors.map((order) => Buffer.from(encodeCursor(order, { score: 0.5, inputId: "12" })))),
    run: (bytes) => decodeCursor(textOf(bytes), "INPUT"),
    isTyped,
  },
  {
    name: "global-id",
    input: mutated(
      ["Run:0198c0de-0000-7000-8000-000000000000", "Input:12"].map((id) =>
        Buffer.from(Buffer.from(id).toString("base64")),
      ),
    ),
    run: (bytes) => {
      const key = decode(textOf(bytes));
      if (key) isKey(key.typename, key.id);
    },
    isTyped: () => false,
  },
  {
    name: "content-range",
    input: mutated([Buffer.from("bytes 0-99/200"), Buffer.from("bytes 100-199/200")]),
    run: (bytes) => {
      const { start, length, total } = partOf({ "content-range": textOf(bytes), "content-length": "100" });
      if (start < 0 || length !== 100 || (total ?? 0) < start + length)
        throw new Error("not within the whole");
    },
    isTyped,
  },
  {
    name: "lists-and-metadata",
    input: fc.oneof(
      mutatedJson([
        {
          classes: ["cat", "dog", "é"],
          metadata: { a: [1, { b: null }] },
          name: "a",
          sha256: "0".repeat(64),
        },
      ]),
    ),
    run: (bytes) => {
      const value = JSON.parse(textOf(bytes)) as Record<string, unknown>;
      for (const [field, schema] of Object.entries({ classes, metadata, name, sha256 }))
        try {
          parse(schema, value[field], field);
        } catch (error) {
          if (!isTyped(error)) throw error;
        }
    },
    isTyped,
  },
];
