import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Client, CommandError, fetchReports, reportTable } from "@faultline/cli";
import { databaseServer, dataDirectory, migrate } from "@faultline/db";
import { Command } from "commander";
import { comparisonRow } from "./comparison.ts";
import { analyse, seed } from "./seed.ts";
import { type Stack, startStack } from "./stack.ts";

interface DemoOptions {
  once?: boolean;
  json?: string;
  dataDirectory?: string;
  announce?: boolean;
}

const options = new Command("npm run demo --")
  .description("Starts Faultline on the shipped world, Menagerie, and analyses its model versions.")
  .option("--once", "exit after the comparison is printed")
  .option("--json <file>", "also write the comparison as JSON")
  .option(
    "--data-directory <folder>",
    "where database, artifacts and logs live (default: FAULTLINE_DATA or ./data)",
  )
  .option("--announce", "print one line `ready {webUrl, apiUrl}` for a program that waits")
  .parse()
  .opts<DemoOptions>();

if (options.dataDirectory) process.env.FAULTLINE_DATA = resolve(options.dataDirectory);

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupted.abort());

/** Seeds what is missing, runs what has not run, prints and writes the comparison. */
async function compare(stack: Stack): Promise<void> {
  const client = new Client({ url: stack.apiUrl, project: "menagerie" });
  const world = await seed(client, interrupted.signal);
  const runIds = await analyse(client, world, interrupted.signal);
  const reports = await fetchReports(client, runIds);
  process.stdout.write(`\n${reportTable(reports)}\n\n`);
  if (options.json) await writeFile(options.json, `${JSON.stringify(reports.map(comparisonRow), null, 2)}\n`);
}

const started = performance.now();
const server = await databaseServer();
try {
  await migrate(server.url);
  const stack = await startStack(server.url, dataDirectory());
  try {
    await Promise.race([compare(stack), stack.failed]);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    if (options.announce)
      process.stdout.write(`ready ${JSON.stringify({ webUrl: stack.webUrl, apiUrl: stack.apiUrl })}\n`);
    else
      process.stdout.write(
        `Ready after ${seconds} s. Dashboard: ${stack.webUrl}   API: ${stack.apiUrl}/graphql\n`,
      );
    if (!options.once) {
      if (!options.announce) process.stdout.write("Press Ctrl-C to stop.\n");
      const stop = new Promise<void>((done) => {
        if (interrupted.signal.aborted) done();
        else interrupted.signal.addEventListener("abort", () => done());
      });
      await Promise.race([stop, stack.failed]);
    }
  } finally {
    await stack.stop();
  }
} catch (error) {
  if (interrupted.signal.aborted) process.exitCode = 130;
  else {
    process.exitCode = 1;
    const known =
      error instanceof CommandError || (error instanceof Error && /; see .*\.log$/.test(error.message));
    process.stderr.write(
      `faultline: ${known ? error.message : error instanceof Error ? error.stack : String(error)}\n`,
    );
  }
} finally {
  await server.stop();
}
