import type { Command } from "commander";
import { clientOf, print } from "../context.ts";
import { createProject } from "../registry.ts";

export function addProjectCommand(program: Command): void {
  const project = program.command("project").description("projects: the border between tenants");
  project
    .command("create")
    .argument("<slug>", "lower-case letters, digits and dashes")
    .option("--name <name>", "display name (default: the slug)")
    .action(async (slug: string, options: { name?: string }, command: Command) => {
      const created = await createProject(clientOf(command), { slug, name: options.name ?? slug });
      print(command, created, `project ${created.slug} (${created.id})`);
    });
}
