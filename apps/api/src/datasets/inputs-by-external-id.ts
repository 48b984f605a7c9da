import type { Context } from "../context.ts";

/** An input by its dataset and the id that its team knows it by. */
export interface ExternalKey {
  datasetId: string;
  externalId: string;
}

/** One string a key, as DataLoader wants it: dataset ids have a fixed length of 36. */
export function keyOf({ datasetId, externalId }: ExternalKey): string {
  return datasetId + externalId;
}

/** Inputs in the order of the keys, in one query; an Error where there is none. */
export async function inputsByExternalId(keys: string[], { prisma }: Context) {
  const wanted = keys.map((key) => ({ datasetId: key.slice(0, 36), externalId: key.slice(36) }));
  const rows = await prisma.input.findMany({ where: { OR: groupByDataset(wanted) } });
  const found = new Map(rows.map((row) => [keyOf(row), row]));
  return keys.map((key) => found.get(key) ?? new Error(`There is no input "${key.slice(36)}"`));
}

function groupByDataset(keys: readonly ExternalKey[]) {
  const idsOf = new Map<string, string[]>();
  for (const { datasetId, externalId } of keys)
    idsOf.set(datasetId, [...(idsOf.get(datasetId) ?? []), externalId]);
  return [...idsOf].map(([datasetId, externalIds]) => ({ datasetId, externalId: { in: externalIds } }));
}
