import { type Command, InvalidArgumentError } from "commander";
import type { Client } from "../client.ts";
import { clientOf, print } from "../context.ts";
import { CommandError, exitCodes } from "../errors.ts";
import { graphql } from "../graphql.ts";
import { fetchReports } from "../runs.ts";
import { decimal, percent, table } from "../table.ts";

const comparisonQuery = graphql(`
  query GateComparison($ids: [ID!]!) {
    compareRuns(ids: $ids) {
      __typename
      ... on RunComparison {
        differences {
          sharedInputs
          accuracyDifference { value low high }
          accuracyPValue
          regressions(first: 1) { totalCount }
          fixes(first: 1) { totalCount }
        }
      }
      ... on Error { message }
    }
  }
`);

async function compareWithBaseline(client: Client, baseline: string, run: string) {
  const { compareRuns } = await client.query(comparisonQuery, { ids: [baseline, run] });
  if (compareRuns.__typename !== "RunComparison") throw new CommandError(compareRuns.message);
  return compareRuns.differences[0];
}

interface GateOptions {
  baseline?: string;
  minAccuracy?: number;
  maxEncoderShare?: number;
  maxHeadShare?: number;
  minAuroc?: number;
  maxFalseAlarmRate?: number;
  maxAccuracyDrop?: number;
  maxRegressions?: number;
}

/** One condition of a gate. `actual` null: the run has no such number, and the condition fails. */
export interface GateCheck {
  readonly name: string;
  readonly actual: number | null;
  readonly limit: number;
  readonly bound: "minimum" | "maximum";
}

/** Fails closed: a number that is missing or NaN never passes. */
export function passes(check: GateCheck): boolean {
  if (check.actual === null || Number.isNaN(check.actual)) return false;
  return check.bound === "minimum" ? check.actual >= check.limit : check.actual <= check.limit;
}

function number(value: string): number {
  const parsed = Number(value);
  if (value.trim() === "" || !Number.isFinite(parsed)) throw new InvalidArgumentError("not a number");
  return parsed;
}

async function checksOf(client: Client, run: string, options: GateOptions): Promise<GateCheck[]> {
  const [{ report }] = await fetchReports(client, [run]);
  const difference = options.baseline ? await compareWithBaseline(client, options.baseline, run) : null;
  const drop = difference?.accuracyDifference ? -difference.accuracyDifference.value : null;
  const checks: (Omit<GateCheck, "limit"> & { limit: number | undefined })[] = [
    {
      name: "accuracy",
      bound: "minimum",
      limit: options.minAccuracy,
      actual: report.accuracy?.value ?? null,
    },
    {
      name: "encoder share",
      bound: "maximum",
      limit: options.maxEncoderShare,
      actual: report.misclassified === 0 ? 0 : (report.encoderFaults.share?.value ?? null),
    },
    {
      name: "head share",
      bound: "maximum",
      limit: options.maxHeadShare,
      actual: report.misclassified === 0 ? 0 : (report.headFaults.share?.value ?? null),
    },
    {
      name: "detector AUROC",
      bound: "minimum",
      limit: options.minAuroc,
      actual: report.detector.auroc?.value ?? null,
    },
    {
      name: "false-alarm rate",
      bound: "maximum",
      limit: options.maxFalseAlarmRate,
      actual: report.detector.measuredFalseAlarmRate?.value ?? null,
    },
    { name: "accuracy drop", bound: "maximum", limit: options.maxAccuracyDrop, actual: drop },
    {
      name: "regressions",
      bound: "maximum",
      limit: options.maxRegressions,
      actual: difference?.regressions.totalCount ?? null,
    },
  ];
  return checks.filter((check): check is GateCheck => check.limit !== undefined);
}

export function addGateCommand(program: Command): void {
  program
    .command("gate")
    .description(`pass or fail a run in CI: exit code ${exitCodes.ok} passed, ${exitCodes.gateFailed} failed`)
    .argument("<run>", "id of the run")
    .option("--baseline <run>", "run to compare with (needed for drops and regressions)")
    .option("--min-accuracy <share>", "0 to 1", number)
    .option("--max-encoder-share <share>", "of the misclassified inputs", number)
    .option("--max-head-share <share>", "of the misclassified inputs", number)
    .option("--min-auroc <value>", "of the run's detector", number)
    .option("--max-false-alarm-rate <share>", "measured on correct inputs", number)
    .option("--max-accuracy-drop <share>", "against --baseline, on shared inputs", number)
    .option("--max-regressions <count>", "inputs right in --baseline and wrong now", number)
    .action(async (run: string, options: GateOptions, command: Command) => {
      const { baseline, ...limits } = options;
      const needsBaseline = options.maxAccuracyDrop !== undefined || options.maxRegressions !== undefined;
      if (needsBaseline && !baseline)
        throw new CommandError("--max-accuracy-drop and --max-regressions need --baseline RUN");
      if (Object.keys(limits).length === 0)
        throw new CommandError("a gate needs at least one condition, e.g. --min-accuracy 0.9");
      const checks = await checksOf(clientOf(command), run, options);
      const show = (name: string, value: number | null) =>
        name === "regressions"
          ? String(value ?? "–")
          : name === "detector AUROC"
            ? decimal(value)
            : percent(value);
      const rows = checks.map((c) => [
        passes(c) ? "pass" : "FAIL",
        c.name,
        show(c.name, c.actual),
        `${c.bound} ${show(c.name, c.limit)}`,
      ]);
      const passed = checks.every(passes);
      print(
        command,
        { passed, checks: checks.map((c) => ({ ...c, passed: passes(c) })) },
        table(["", "condition", "measured", "wanted"], rows),
      );
      process.exitCode = passed ? exitCodes.ok : exitCodes.gateFailed;
    });
}
