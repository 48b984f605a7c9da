import { random } from "@faultline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutShards } from "../src/stages/plan/cut-shards.ts";

function contents(count: number, seed: number): number[] {
  const uniform = random(seed);
  return Array.from({ length: count }, () => Math.floor(uniform() * 2 ** 32));
}

/** The shards of contents, as text, so that equal shards are equal strings. */
function shardKeys(content: number[], size: number): string[] {
  return cutShards(content.length, size, content).map(({ first, end }) => content.slice(first, end).join());
}

describe("cutShards", () => {
  it("covers every position once, in order, with bounded lengths", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3000 }),
        fc.integer({ min: 16, max: 300 }),
        fc.boolean(),
        fc.integer(),
        (count, size, byContent, seed) => {
          const shards = cutShards(count, size, byContent ? contents(count, seed) : undefined);
          let next = 0;
          for (const { first, end } of shards) {
            expect(first).toBe(next);
            expect(end - first).toBeGreaterThan(0);
            expect(end - first).toBeLessThanOrEqual(1.5 * size);
            next = end;
          }
          expect(next).toBe(count);
        },
      ),
    );
  });

  it("makes shards of the wanted size on average", () => {
    const shards = cutShards(100_000, 200, contents(100_000, 1));
    expect(100_000 / shards.length).toBeGreaterThan(150);
    expect(100_000 / shards.length).toBeLessThan(200);
  });

  it("keeps all but a few shards when inputs are added or removed anywhere", () => {
    const before = contents(20_000, 2);
    const known = new Set(shardKeys(before, 128));
    for (const [at, added] of [
      [0, 1],
      [9_999, 3],
      [20_000, 5],
    ]) {
      const after = [...before.slice(0, at), ...contents(added, 3), ...before.slice(at)];
      const fresh = shardKeys(after, 128).filter((key) => !known.has(key));
      expect(fresh.length).toBeLessThanOrEqual(4);
    }
    const without = shardKeys([...before.slice(0, 5000), ...before.slice(5001)], 128);
    expect(without.filter((key) => !known.has(key)).length).toBeLessThanOrEqual(4);
  });
});
