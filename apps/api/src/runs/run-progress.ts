import { EventEmitter, on } from "node:events";
import { requireNode } from "../access/reach.ts";
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { RunType } from "./runs.ts";

/** Shortest time between two events of a subscription, so that a busy run does not flood a browser. */
const quiet = 200;

builder.subscriptionField("runProgress", (t) =>
  t.prismaField({
    type: RunType,
    description:
      "The run at once and after every change of its status or progress; over graphql-sse at /graphql/stream.",
    args: { id: t.arg.id({ required: true, description: "The run." }) },
    subscribe: async (_root, args, context) =>
      changesOf(await requireNode(context, "Run", args.id, "id"), context),
    resolve: (query, runId, _args, { prisma }) =>
      prisma.run.findUniqueOrThrow({ ...query, where: { id: runId as string } }),
  }),
);

const ended = new Set(["SUCCEEDED", "FAILED", "CANCELLED"]);

/**
 * The run's id now and after each change of it; ends with the run. Written as a plain iterator, because a
 * generator that waits for a change cannot be ended before the change comes.
 */
function changesOf(runId: string, { prisma, notifications }: Context): AsyncIterableIterator<string> {
  const changes = new EventEmitter();
  const events = on(changes, "change");
  const unsubscribe = notifications.subscribe("run", runId, () => changes.emit("change"));
  let first = true;
  let over = false;
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (over) return this.return?.() ?? { done: true, value: undefined };
      if (!first) {
        if ((await events.next()).done) return { done: true, value: undefined };
        await new Promise((resolve) => setTimeout(resolve, quiet));
      }
      first = false;
      const run = await prisma.run.findUnique({ where: { id: runId }, select: { status: true } });
      if (!run) return this.return?.() ?? { done: true, value: undefined };
      over = ended.has(run.status);
      return { done: false, value: runId };
    },
    async return() {
      unsubscribe();
      await events.return?.();
      return { done: true, value: undefined };
    },
  };
}
