import fc from "fast-check";
import { DatasetFailure } from "../../../apps/worker/src/ingest/dataset-failure.ts";
import { manifestLines } from "../../../apps/worker/src/ingest/manifest.ts";
import type { FuzzTarget } from "../fuzz-target.ts";
import { mutated, mutatedJson } from "../mutation.ts";

const line = { id: "test/cat/1", split: "test", label: "cat", cleanId: "a", sha256: "0".repeat(64) };
const text = `${JSON.stringify(line)}\r\n\n${JSON.stringify({ id: "é", split: "train" })}\n`;

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100);
}

export const manifestTargets: readonly FuzzTarget[] = [
  {
    name: "manifest",
    input: fc.oneof(mutated([Buffer.from(text)]), mutatedJson([line])),
    run: async (bytes) => {
      for await (const { line: read } of manifestLines(inPieces(bytes)))
        if (read.id.length > 512) throw new Error("long");
    },
    isTyped: (error) => error instanceof DatasetFailure,
  },
];
