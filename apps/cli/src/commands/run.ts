import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { clientOf, print, projectOf } from "../context.ts";
import { CommandError } from "../errors.ts";
import { progressBar, showRun } from "../progress-bar.ts";
import { findMembers } from "../registry.ts";
import { cancelRun, fetchReports, retryRun, type StartRunInput, startRun, waitForRun } from "../runs.ts";
import { reportTable } from "./report.ts";

interface RunOptions {
  model: string;
  version: string;
  vlm: string;
  conceptSet: string;
  dataset: string;
  name?: string;
  configuration?: string;
  wait: boolean;
}

/** The file's configuration; a similarity may be written as elsewhere, `log-likelihood-ratio`. */
async function readConfiguration(path: string | undefined): Promise<StartRunInput["configuration"]> {
  if (!path) return undefined;
  try {
    const { similarity, ...others } = JSON.parse(await readFile(path, "utf8"));
    return similarity == null
      ? others
      : { ...others, similarity: String(similarity).toUpperCase().replaceAll("-", "_") };
  } catch (cause) {
    throw new CommandError(`--configuration: ${path} is not a readable JSON file`, { cause });
  }
}

export function addRunCommand(program: Command): void {
  const run = program.command("run").description("analyses of a model version on a dataset");
  run
    .command("start")
    .requiredOption("--model <name>")
    .requiredOption("--version <name>")
    .requiredOption("--vlm <name>")
    .requiredOption("--concept-set <name>", "name or name@version (default: the newest)")
    .requiredOption("--dataset <name>")
    .option("--name <name>")
    .option("--configuration <json>", "file with seed, similarity, falseAlarmRate, ...")
    .option("--no-wait", "return at once with the run's id")
    .action(async (options: RunOptions, command: Command) => {
      const client = clientOf(command);
      const ids = await findMembers(client, projectOf(command), {
        model: options.model,
        version: options.version,
        vlm: options.vlm,
        conceptSet: options.conceptSet,
        dataset: options.dataset,
      });
      const started = await startRun(client, {
        name: options.name,
        modelVersionId: ids.version,
        visionLanguageModelId: ids.vlm,
        conceptSetId: ids.conceptSet,
        datasetId: ids.dataset,
        configuration: await readConfiguration(options.configuration),
      });
      if (!options.wait) return print(command, started, started.id);
      const bar = progressBar(started.name);
      try {
        await waitForRun(client, started.id, (state) => showRun(bar, state));
      } finally {
        bar.stop();
      }
      const reports = await fetchReports(client, [started.id]);
      print(command, reports[0], `${reportTable(reports)}\n\nrun ${started.id}`);
    });
  run
    .command("cancel")
    .argument("<run>", "id of the run")
    .action(async (id: string, _options: unknown, command: Command) => {
      const cancelled = await cancelRun(clientOf(command), id);
      print(command, cancelled, `run ${id}: ${cancelled.status.toLowerCase()}`);
    });
  run
    .command("retry")
    .argument("<run>", "id of the run")
    .action(async (id: string, _options: unknown, command: Command) => {
      const retried = await retryRun(clientOf(command), id);
      print(command, retried, `run ${id}: ${retried.status.toLowerCase()}`);
    });
}
