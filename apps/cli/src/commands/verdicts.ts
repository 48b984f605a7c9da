import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import { clientOf } from "../context.ts";
import { CommandError } from "../errors.ts";

const filters = {
  verdict: "OK | DEFECT",
  fault: "NONE | ENCODER | HEAD | UNDECIDED",
  trueClass: "class name",
  predictedClass: "class name",
  minimumScore: "number",
  maximumScore: "number",
  concept: "phrase among those that spoke most",
  externalIdPrefix: "beginning of the external id",
} as const;

const dashed = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

export function addVerdictsCommand(program: Command): void {
  const command = program
    .command("verdicts")
    .description("stream a run's per-input verdicts to standard output")
    .argument("<run>", "id of the run")
    .option("--format <format>", "ndjson | csv | parquet", "ndjson");
  for (const [name, values] of Object.entries(filters)) command.option(`--${dashed(name)} <value>`, values);
  command.action(async (run: string, options: Record<string, string>, self: Command) => {
    if (!["ndjson", "csv", "parquet"].includes(options.format))
      throw new CommandError("--format must be ndjson, csv or parquet");
    const query = new URLSearchParams();
    for (const name of Object.keys(filters)) if (options[name] !== undefined) query.set(name, options[name]);
    const path = `/runs/${encodeURIComponent(run)}/verdicts.${options.format}`;
    const response = await clientOf(self).get(query.size > 0 ? `${path}?${query}` : path);
    if (response.body) await pipeline(Readable.fromWeb(response.body), process.stdout, { end: false });
  });
}
