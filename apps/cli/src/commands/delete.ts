import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import { clientOf, print } from "../context.ts";
import { type DeletableKind, deletableKinds, deleteNode, deleteProject, projectIdOf } from "../deletion.ts";
import { CommandError } from "../errors.ts";

interface DeleteOptions {
  withDependents?: boolean;
  yes?: boolean;
}

/** Asks at the terminal; without one, --yes has to say it. */
async function confirm(question: string, { yes }: DeleteOptions): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) throw new CommandError(`${question} Say so with --yes.`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    if (/^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim())) return;
  } finally {
    terminal.close();
  }
  throw new CommandError("nothing was deleted");
}

type Deleted = Awaited<ReturnType<typeof deleteNode>>;

function deletedText(what: string, { dependents }: Deleted): string {
  const with_ = dependents.map(({ kind, count }) => `${count} ${kind}`).join(", ");
  return `${what} is deleted${with_ ? `, with ${with_}` : ""}`;
}

/** `faultline delete KIND ID`: what depends on it is said and refused, or deleted too --with-dependents. */
export function addDeleteCommand(program: Command): void {
  const deletion = program
    .command("delete")
    .description("deletes for good; what depends on a thing is told, or deleted --with-dependents");
  for (const kind of Object.keys(deletableKinds) as DeletableKind[])
    deletion
      .command(kind)
      .argument("<id>", `id of the ${deletableKinds[kind]}`)
      .option("--with-dependents", "what depends on it too; runs that go on are stopped")
      .option("--yes", "do not ask")
      .action(async (id: string, options: DeleteOptions, command: Command) => {
        const also = options.withDependents ? " and all that depends on it" : "";
        await confirm(`Delete the ${deletableKinds[kind]} ${id}${also} for good?`, options);
        const deleted = await deleteNode(clientOf(command), kind, id, options.withDependents ?? false);
        print(command, deleted, deletedText(`${deletableKinds[kind]} ${id}`, deleted));
      });
  deletion
    .command("project")
    .argument("<slug>", "the project's slug")
    .option("--with-dependents", "everything in it too; runs that go on are stopped")
    .option("--yes", "do not ask")
    .action(async (slug: string, options: DeleteOptions, command: Command) => {
      const client = clientOf(command);
      const id = await projectIdOf(client, slug);
      await confirm(`Delete the project ${slug} with its tokens and uploads for good?`, options);
      const deleted = await deleteProject(client, {
        id,
        slug,
        withDependents: options.withDependents ?? false,
      });
      print(command, deleted, deletedText(`project ${slug}`, deleted));
    });
}
