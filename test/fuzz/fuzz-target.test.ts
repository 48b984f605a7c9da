// The runner must be able to find what it looks for, or the tests that trust it could not fail.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FuzzTarget, fuzz, runCase } from "./fuzz-target.ts";

class Typed extends Error {}
const target = (run: FuzzTarget["run"]): FuzzTarget => ({
  name: "made up",
  input: fc.uint8Array({ maxLength: 20 }),
  run,
  isTyped: (error) => error instanceof Typed,
});

describe("fuzz", () => {
  it("finds an untyped error, and the smallest input that throws it", async () => {
    const run = (input: Uint8Array) => {
      if (input.length > 7) throw new TypeError("too much for me");
      throw new Typed();
    };
    await expect(fuzz(target(run), 1000, 1)).rejects.toThrow(
      /made up: case \d+ of seed 1: an untyped error: TypeError: too much for me.*smallest input has 8 bytes/s,
    );
    expect(
      await fuzz(
        target((input) => input.length),
        1000,
        1,
      ),
    ).toBe(1000);
  });

  it("finds a case that takes long", async () => {
    const run = () => {
      for (const end = process.cpuUsage().user + 200_000; process.cpuUsage().user < end; );
    };
    await expect(runCase(target(run), new Uint8Array(1), 100)).rejects.toThrow(
      /it took \d{3} ms of processor time/,
    );
    await runCase(
      target(() => new Promise((resolve) => setTimeout(resolve, 300))),
      new Uint8Array(1),
      100,
    );
  });

  it("finds a case that takes much memory", async () => {
    const run = () => Buffer.alloc(400e6, 1).length;
    await expect(fuzz({ ...target(run), input: fc.constant(new Uint8Array(1)) }, 1, 1)).rejects.toThrow(
      /it took \d{3} MB/,
    );
  });
});
