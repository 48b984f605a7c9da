import { CommandError, exitCodes } from "./errors.ts";
import { createProgram } from "./program.ts";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // The reader of our pipe (`| head`) has had enough: that is no failure.
  if (error.code === "EPIPE") process.exit(exitCodes.ok);
  throw error;
});

try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = exitCodes.error;
  if (error instanceof CommandError) process.stderr.write(`faultline: ${error.message}\n`);
  else throw error;
}
