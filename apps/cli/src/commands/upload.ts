import type { Command } from "commander";
import { clientOf, print } from "../context.ts";
import { progressBar } from "../progress-bar.ts";

export function addUploadCommand(program: Command): void {
  program
    .command("upload")
    .description("upload a file (resumes where an earlier try ended) and print its SHA-256")
    .argument("<file>")
    .action(async (file: string, _options: unknown, command: Command) => {
      const bar = progressBar(`upload ${file}`);
      try {
        const sha256 = await clientOf(command).upload(file, (sent, total) =>
          bar.update(sent / total, `${sent} of ${total} bytes`),
        );
        print(command, { sha256 }, sha256);
      } finally {
        bar.stop();
      }
    });
}
