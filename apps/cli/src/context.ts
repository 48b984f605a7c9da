import type { Command } from "commander";
import { Client } from "./client.ts";
import { CommandError } from "./errors.ts";

export interface GlobalOptions {
  url: string;
  token?: string;
  project?: string;
  json?: boolean;
}

/** The client of a command's --url, --token and --project (or their environment variables). */
export function clientOf(command: Command): Client {
  const { url, token, project } = command.optsWithGlobals<GlobalOptions>();
  return new Client({ url, token, project });
}

/** The project slug that the command works in. */
export function projectOf(command: Command): string {
  const { project } = command.optsWithGlobals<GlobalOptions>();
  if (!project) throw new CommandError("which project? Give --project SLUG or set FAULTLINE_PROJECT");
  return project;
}

/** Prints a result: one JSON line with --json, else the text. */
export function print(command: Command, value: unknown, text: string): void {
  const { json } = command.optsWithGlobals<GlobalOptions>();
  process.stdout.write(`${json ? JSON.stringify(value) : text}\n`);
}
