import { Prisma } from "@faultline/db";
import { decodeGlobalID } from "@pothos/plugin-relay";
import type { Context } from "../context.ts";
import { NotFoundError } from "../errors.ts";

/** What a look-up needs of a request. */
type Asker = Pick<Context, "prisma" | "access">;

interface NodeKey {
  typename: string;
  id: string;
}

type Reach = Context["access"]["reach"];
type Loader = (
  prisma: Context["prisma"],
  ids: string[],
  project: Reach,
) => Promise<{ id: string | bigint }[]>;

const select = { id: true } as const;

/**
 * The tenant border: for each kind of node, which of some ids lie in projects that the token reaches. A kind
 * that is missing here cannot be reached by id at all. Inside, relations never leave a project.
 */
const within: Record<string, Loader> = {
  Project: (prisma, ids, project) =>
    prisma.project.findMany({ where: { AND: [project, { id: { in: ids } }] }, select }),
  // An installation's tokens are nobody else's to see.
  ApiToken: (prisma, ids, project) =>
    prisma.apiToken.findMany({
      where: { id: { in: ids }, ...(isEverything(project) ? {} : { project }) },
      select,
    }),
  Model: (prisma, ids, project) => prisma.model.findMany({ where: { id: { in: ids }, project }, select }),
  ModelVersion: (prisma, ids, project) =>
    prisma.modelVersion.findMany({ where: { id: { in: ids }, model: { project } }, select }),
  VisionLanguageModel: (prisma, ids, project) =>
    prisma.visionLanguageModel.findMany({ where: { id: { in: ids }, project }, select }),
  ConceptSet: (prisma, ids, project) =>
    prisma.conceptSet.findMany({ where: { id: { in: ids }, project }, select }),
  Concept: (prisma, ids, project) =>
    prisma.concept.findMany({ where: { id: { in: ids }, conceptSet: { project } }, select }),
  AttackType: (prisma, ids, project) =>
    prisma.attackType.findMany({ where: { id: { in: ids }, project }, select }),
  Dataset: (prisma, ids, project) => prisma.dataset.findMany({ where: { id: { in: ids }, project }, select }),
  EmbeddingSet: (prisma, ids, project) =>
    prisma.embeddingSet.findMany({ where: { id: { in: ids }, dataset: { project } }, select }),
  Input: (prisma, ids, project) =>
    prisma.input.findMany({ where: { id: { in: ids.map(BigInt) }, dataset: { project } }, select }),
  Run: (prisma, ids, project) => prisma.run.findMany({ where: { id: { in: ids }, project }, select }),
  Detector: (prisma, ids, project) =>
    prisma.detector.findMany({ where: { id: { in: ids }, project }, select }),
  Specification: (prisma, ids, project) =>
    prisma.specification.findMany({ where: { id: { in: ids }, project }, select }),
  SavedView: (prisma, ids, project) =>
    prisma.savedView.findMany({ where: { id: { in: ids }, project }, select }),
};

/** Kinds of nodes that ask for more than the scope READ. */
const administrative = new Set(["ApiToken"]);

/** Kinds of nodes whose row carries its project, never null. */
const owned = new Set([
  "Model",
  "VisionLanguageModel",
  "ConceptSet",
  "AttackType",
  "Dataset",
  "Run",
  "Detector",
  "Specification",
  "SavedView",
]);

export const nodeTypes = Object.keys(within);

/** Those of the nodes that the request may see, as `Type:id`. One query a type. */
export async function nodesWithinReach(
  { prisma, access }: Asker,
  keys: readonly NodeKey[],
): Promise<Set<string>> {
  const idsByType = new Map<string, string[]>();
  for (const { typename, id } of keys)
    if (isKey(typename, id)) idsByType.set(typename, [...(idsByType.get(typename) ?? []), id]);
  const found = new Set<string>();
  await Promise.all(
    [...idsByType].map(async ([typename, ids]) => {
      if (!access.has(administrative.has(typename) ? "ADMIN" : "READ")) return;
      const rows = await within[typename](prisma, ids, access.reach);
      for (const { id } of rows) found.add(`${typename}:${id}`);
    }),
  );
  return found;
}

/**
 * A node by its key; null outside of the reach. A row that names its project is judged by that, which saves the
 * query of {@link nodesWithinReach}; what such a load reads beside it is thrown away.
 */
export async function loadWithinReach(
  context: Asker,
  key: NodeKey,
  load: (key: NodeKey) => unknown,
): Promise<unknown> {
  const { access } = context;
  if (!owned.has(key.typename)) return (await nodesWithinReach(context, [key])).size === 1 ? load(key) : null;
  if (!isKey(key.typename, key.id) || !access.has("READ")) return null;
  try {
    const row = (await load(key)) as { projectId: string } | null;
    return row && access.reaches(row.projectId) ? row : null;
  } catch (error) {
    if (isNothingFound(error)) return null;
    throw error;
  }
}

/** What Prisma throws of a row that had to be there. */
function isNothingFound(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === "P2025";
}

/**
 * The database id of a global id that must be a `typename` within reach.
 *
 * @throws NotFoundError naming `field`: also for a malformed id, another type, or another tenant's node, so
 *   that nothing can be learnt by guessing
 */
export async function requireNode(
  context: Asker,
  typename: string,
  globalId: string,
  field: string,
): Promise<string> {
  const key = decode(globalId);
  if (key?.typename === typename && (await nodesWithinReach(context, [key])).size === 1) return key.id;
  throw noSuchNode(typename, globalId, field);
}

/** The same for a node that there is not and for another tenant's. */
export function noSuchNode(typename: string, globalId: string, field: string): NotFoundError {
  return new NotFoundError(field, `There is no ${typename} with the id "${globalId}" in your projects.`);
}

/** As {@link requireNode}, but null stays null. */
export async function optionalNode(
  context: Asker,
  typename: string,
  globalId: string | null | undefined,
  field: string,
): Promise<string | null> {
  return globalId == null ? null : requireNode(context, typename, globalId, field);
}

/** The typename and database id of a global id; null when it is none. */
export function decode(globalId: string): NodeKey | null {
  try {
    return decodeGlobalID(globalId);
  } catch {
    return null;
  }
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const bigint = /^\d{1,18}$/;

/** Whether the database can look for it at all. */
export function isKey(typename: string, id: string): boolean {
  return Object.hasOwn(within, typename) && (typename === "Input" ? bigint : uuid).test(id);
}

function isEverything(project: Reach): boolean {
  return Object.keys(project).length === 0;
}
