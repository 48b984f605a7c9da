import type { Context } from "../context.ts";

/** Runs in the order of their ids, in one query; an Error where there is none. */
export async function runsById(ids: string[], { prisma }: Context) {
  const rows = await prisma.run.findMany({ where: { id: { in: ids } } });
  const found = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => found.get(id) ?? new Error(`There is no run ${id}`));
}
