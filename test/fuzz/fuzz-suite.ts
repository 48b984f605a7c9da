import { it } from "vitest";
import { defaultCases, defaultSeed, type FuzzTarget, fuzz } from "./fuzz-target.ts";

const wanted = process.env.FUZZ_ONLY?.split(",");

/** What `npm run test:fuzz` was asked for: cases of each target (undefined: those of an ordinary run), and the seed. */
export const asked = {
  cases: process.env.FUZZ_CASES === undefined ? undefined : Number(process.env.FUZZ_CASES),
  seed: Number(process.env.FUZZ_SEED ?? defaultSeed),
  isWanted: (name: string) => wanted === undefined || wanted.includes(name),
};

/** Long runs take their time; ordinary ones end within a minute or two even beside others. */
export const timeoutOf = (cases: number) => Math.max(300_000, cases * 50);

/** One test a target. */
export function fuzzSuite(targets: readonly FuzzTarget[]): void {
  for (const target of targets) {
    const cases = asked.cases ?? target.cases ?? defaultCases;
    it.runIf(asked.isWanted(target.name))(
      `${target.name}: ${cases} cases of seed ${asked.seed}`,
      { timeout: timeoutOf(cases) },
      () => fuzz(target, cases, asked.seed),
    );
  }
}
