import { z } from "zod";

/** Variables of the environment are wrong. One line each, naming the variable and the remedy. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
  constructor(readonly issues: { variable: string; message: string }[]) {
    super(`The environment is wrong.\n${issues.map((i) => `  ${i.variable}: ${i.message}`).join("\n")}`);
  }
}

/**
 * Reads settings from environment variables, all of them at once at the start of a process: a setting that cannot be
 * understood stops it, instead of standing for no limit at all. An empty variable counts as one that is not set.
 *
 * @param variables the schema of each variable, from {@link setting}; `.optional()` and `.default(value)` hold
 * @throws EnvironmentError naming every variable that is wrong
 */
export function readEnvironment<Variables extends z.ZodRawShape>(
  variables: Variables,
  environment: NodeJS.ProcessEnv = process.env,
): z.output<z.ZodObject<Variables>> {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim()));
  const result = z.object(variables).safeParse(set);
  if (result.success) return result.data;
  throw new EnvironmentError(
    result.error.issues.map(({ path, message }) => ({ variable: path.map(String).join("."), message })),
  );
}

const bytesOf: Record<string, number> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

const millisecondsOf: Record<string, number> = {
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A whole number of bytes: `1048576`, `16MiB` (2^20), `1GB` (10^9). At least 1 unless told otherwise. */
function size({ min = 1, max = Number.MAX_SAFE_INTEGER } = {}) {
  return quantity(bytesOf, min, max, "a number of bytes, as 1048576, 16MiB or 1GiB");
}

/** Milliseconds. The unit must be written: `500ms`, `30s`, `5min`, `2h`, `7d`. At least 1 ms unless told otherwise. */
function duration({ min = 1, max = Number.MAX_SAFE_INTEGER } = {}) {
  return quantity(millisecondsOf, min, max, "a duration with its unit, as 500ms, 30s, 5min, 2h or 7d");
}

/** A whole number in decimal digits, at least 0 unless told otherwise. */
function count({ min = 0, max = Number.MAX_SAFE_INTEGER } = {}) {
  return quantity({ "": 1 }, min, max, "a whole number");
}

/** `1` or `true`, `0` or `false`. */
function flag() {
  return z
    .string()
    .trim()
    .toLowerCase()
    .pipe(z.enum(["1", "true", "0", "false"], "Write 1 or true, 0 or false."))
    .transform((text) => text === "1" || text === "true");
}

/** Parts with commas between, without the blanks around them; at least one. */
function list() {
  return z.string().transform((text) =>
    text
      .split(",")
      .map((part) => part.trim())
      .filter(Boolean),
  );
}

/** One of some words. */
function choice<const Word extends string>(words: readonly Word[]) {
  return z
    .string()
    .trim()
    .pipe(z.enum(words, `Write one of ${words.join(", ")}.`));
}

/** How much a process logs, as pino calls it. */
function logLevel() {
  return choice(["fatal", "error", "warn", "info", "debug", "trace", "silent"]);
}

/** Any text, without the blanks around it. */
function text() {
  return z.string().trim();
}

function quantity(units: Record<string, number>, min: number, max: number, what: string) {
  return z.string().transform((text, context) => {
    const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? [];
    const factor = Object.hasOwn(units, unit?.toLowerCase()) ? units[unit.toLowerCase()] : Number.NaN;
    const value = Number(digits) * factor;
    if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
    const range = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `from ${min} to ${max}`;
    context.addIssue({ code: "custom", message: `"${text}" is not ${what}, ${range}. Correct or unset it.` });
    return z.NEVER;
  });
}

/** Schemas of variables, for {@link readEnvironment}. */
export const setting = { size, duration, count, flag, list, choice, logLevel, text } as const;
