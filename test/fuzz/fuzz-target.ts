// A parser under fuzzing: what it is fed, and what it may throw.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";

export interface FuzzTarget {
  readonly name: string;
  /** Cases of an ordinary run; 20,000 unless they are costly. */
  readonly cases?: number;
  readonly input: fc.Arbitrary<Uint8Array>;
  /** May throw what `isTyped` knows, and nothing else; returns soon, in bounded memory. */
  readonly run: (input: Uint8Array) => unknown;
  readonly isTyped: (error: unknown) => boolean;
}

export const defaultCases = 20_000;
export const defaultSeed = 20261127;

/** Processor time of one case, in milliseconds. By the clock, others on the machine would have a say. */
const longestCase = 1000;
/** What one case may add to the largest resident memory that the process ever had, in bytes. */
const mostMemory = 200e6;

/** A case that broke the rules. */
export class FuzzFailure extends Error {
  override readonly name = "FuzzFailure";
}

const regressions = fileURLToPath(new URL("./regressions", import.meta.url));

/** Inputs that broke a parser once: files below regressions/<target>/. */
export function regressionsOf(target: FuzzTarget): { name: string; input: Uint8Array }[] {
  const folder = `${regressions}/${target.name}`;
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((name) => ({ name, input: readFileSync(`${folder}/${name}`) }));
}

/**
 * Runs one case.
 *
 * @throws FuzzFailure when it throws an untyped error, takes over a second or too much memory
 */
export async function runCase(
  { run, isTyped }: FuzzTarget,
  input: Uint8Array,
  longest = longestCase,
): Promise<void> {
  const memory = process.resourceUsage().maxRSS;
  const began = performance.now();
  await judged();
  const added = (process.resourceUsage().maxRSS - memory) * 1024;
  if (added > mostMemory) throw new FuzzFailure(`it took ${Math.round(added / 1e6)} MB`);
  if (performance.now() - began < longest) return;
  // The clock alone accuses nobody: twice more, by the processor's time.
  const times: number[] = [];
  for (let again = 0; again < 2; again++) {
    const before = process.cpuUsage();
    await judged();
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1000);
  }
  const time = Math.min(...times);
  if (time > longest) throw new FuzzFailure(`it took ${Math.round(time)} ms of processor time`);

  async function judged() {
    try {
      await run(input);
    } catch (error) {
      if (isTyped(error)) return;
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
      throw new FuzzFailure(`an untyped error: ${what}`, { cause: error });
    }
  }
}

/**
 * Runs a target's regressions and then so many generated cases.
 *
 * @returns how many cases ran
 * @throws FuzzFailure with seed, number of the case and the smallest input that fails
 */
export async function fuzz(target: FuzzTarget, cases: number, seed: number): Promise<number> {
  for (const { name, input } of regressionsOf(target))
    await runCase(target, input).catch((error: Error) => {
      throw new FuzzFailure(`${target.name}: regression ${name}: ${error.message}`, { cause: error });
    });
  const result = await fc.check(
    fc.asyncProperty(target.input, (input) => runCase(target, input)),
    { numRuns: cases, seed },
  );
  if (!result.failed) return result.numRuns;
  const input = Buffer.from(result.counterexample?.[0] ?? []);
  const reason = result.errorInstance;
  throw new FuzzFailure(
    [
      `${target.name}: case ${result.numRuns} of seed ${seed}: ${reason instanceof Error ? reason.message : reason}`,
      `The smallest input has ${input.length} bytes: ${JSON.stringify(input.subarray(0, 300).toString("latin1"))}`,
      `Mend it, and keep the input: echo ${input.toString("base64").slice(0, 20_000)} | base64 -d > test/fuzz/regressions/${target.name}/<what it does>`,
      `Again: npm run test:fuzz -- --only ${target.name} --seed ${seed}`,
    ].join("\n"),
    { cause: reason },
  );
}
