import { Command } from "commander";
import { addDeleteCommand } from "./commands/delete.ts";
import { addGateCommand } from "./commands/gate.ts";
import { addProjectCommand } from "./commands/project.ts";
import { addRegisterCommand } from "./commands/register.ts";
import { addReportCommand } from "./commands/report.ts";
import { addRunCommand } from "./commands/run.ts";
import { addUploadCommand } from "./commands/upload.ts";
import { addVerdictsCommand } from "./commands/verdicts.ts";

/** The whole command line; parse with `parseAsync(argv)`. */
export function createProgram(): Command {
  const environment = process.env;
  const program = new Command("faultline")
    .description("Why a vision classifier fails, and which of its answers not to trust.")
    // Not --version: commands use that for model versions.
    .version("0.1.0", "-V, --cli-version")
    .option(
      "--url <url>",
      "address of the API (FAULTLINE_URL)",
      environment.FAULTLINE_URL ?? "http://127.0.0.1:4000",
    )
    .option("--token <token>", "API token (FAULTLINE_TOKEN, which keeps it out of the process list)")
    .option("--project <slug>", "project to work in (FAULTLINE_PROJECT)", environment.FAULTLINE_PROJECT)
    .option("--json", "print results as JSON")
    .showHelpAfterError();
  if (environment.FAULTLINE_TOKEN)
    program.setOptionValueWithSource("token", environment.FAULTLINE_TOKEN, "env");
  addProjectCommand(program);
  addUploadCommand(program);
  addRegisterCommand(program);
  addRunCommand(program);
  addReportCommand(program);
  addVerdictsCommand(program);
  addGateCommand(program);
  addDeleteCommand(program);
  return program;
}
