import type { Context } from "../context.ts";

/** Inputs in the order of their ids (decimal), in one query; an Error where there is none. */
export async function inputsById(ids: string[], { prisma }: Context) {
  const rows = await prisma.input.findMany({ where: { id: { in: ids.map(BigInt) } } });
  const found = new Map(rows.map((row) => [String(row.id), row]));
  return ids.map((id) => found.get(id) ?? new Error(`There is no input ${id}`));
}
