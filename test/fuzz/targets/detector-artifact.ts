import { createHash } from "node:crypto";
import { InvalidInputError, importDetector } from "@faultline/core";
import fc from "fast-check";
import { bytesOfDetector } from "../../../packages/core/test/detector/world.ts";
import type { FuzzTarget } from "../fuzz-target.ts";
import { mutated, mutatedJson } from "../mutation.ts";

const artifact = JSON.parse(bytesOfDetector(1)) as Record<string, unknown>;

/** The checksum is made right, so that what it covers is looked at. */
function withChecksum<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  const { checksum: _, ...body } = value as Record<string, unknown>;
  const canonical = JSON.stringify(body, (_key, held: unknown) =>
    held !== null && typeof held === "object" && !Array.isArray(held)
      ? Object.fromEntries(Object.entries(held).sort(([a], [b]) => (a < b ? -1 : 1)))
      : held,
  );
  return { ...value, checksum: `sha256:${createHash("sha256").update(canonical).digest("hex")}` };
}

export const detectorTargets: readonly FuzzTarget[] = [
  {
    name: "detector",
    cases: 20_000,
    input: fc.oneof(mutatedJson([artifact], withChecksum), mutated([Buffer.from(JSON.stringify(artifact))])),
    run: (bytes) => importDetector(Buffer.from(bytes).toString()),
    isTyped: (error) => error instanceof InvalidInputError,
  },
];
