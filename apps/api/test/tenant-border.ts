// Two projects, who may not have what is of the other one, and what they must be told. See tenants.test.ts.
import { createHash, randomUUID } from "node:crypto";
import { encodeGlobalID } from "@pothos/plugin-relay";
import { type GraphQLObjectType, isObjectType } from "graphql";
import { expect } from "vitest";
import { nodeTypes } from "../src/access/reach.ts";
import { schema } from "../src/schema.ts";
import { type ApiUnderTest, startApiUnderTest } from "./api-under-test.ts";
import { everything, type FullProject, fullProject } from "./full-project.ts";

/** Global ids of a project by kind of node, and what else names its things. */
export interface Ids {
  byKind: Record<string, string[]>;
  slug: string;
  sha256: string;
}

/** Things that there are not: what must be told from theirs by nobody. */
export const nobodys: Ids = {
  byKind: Object.fromEntries(
    nodeTypes.map((kind) => [
      kind,
      Array.from({ length: 3 }, (_, i) =>
        encodeGlobalID(kind, kind === "Input" ? String(987_654_321_000 + i) : randomUUID()),
      ),
    ]),
  ),
  slug: "nobodys",
  sha256: createHash("sha256").update("nobody's").digest("hex"),
};
export interface Border {
  api: ApiUnderTest;
  theirs: Ids;
  /** Of the strangers' project. */
  own: Ids;
  /** Who must not have what is theirs, with a secret each; null is no token. */
  strangers: Record<string, string | null>;
  /** Who may: the secret of an administrator of their project. */
  owner: string;
  /** Every row, before anybody asked. */
  before: Record<string, string[]>;
}

export async function startBorder(): Promise<Border> {
  const api = await startApiUnderTest({ failedAttempts: 1_000_000 });
  const [their, mine] = [await fullProject(api, "theirs"), await fullProject(api, "own")];
  const strangers: Border["strangers"] = { nobody: null };
  for (const scope of ["READ", "WRITE", "ADMIN"] as const)
    strangers[`${scope} of another project`] = await api.token([scope], mine.projectId);
  const { projectId } = their;
  strangers["an expired token"] = await api.token(["ADMIN"], projectId, new Date(Date.now() - 1000));
  const revoked = await api.token(["ADMIN"], projectId);
  await api.database.prisma.apiToken.update({
    where: { prefix: revoked.split("_")[1] },
    data: { revokedAt: new Date() },
  });
  strangers["a revoked token"] = revoked;
  const owner = await api.token(["ADMIN"], projectId);
  return {
    api,
    theirs: await idsOf(api, "theirs", their),
    own: await idsOf(api, "own", mine),
    strangers,
    owner,
    before: await everything(api),
  };
}

async function idsOf(
  api: ApiUnderTest,
  slug: string,
  { projectId, artifactSha256 }: FullProject,
): Promise<Ids> {
  const of = (table: string, where = "project_id = $1") =>
    api.database.pool
      .query<{ id: string }>(`SELECT t.id::text FROM ${table} t WHERE ${where} ORDER BY t.id LIMIT 3`, [
        projectId,
      ])
      .then(({ rows }) => rows.map(({ id }) => id));
  const through = (column: string, table: string) =>
    `t.${column} IN (SELECT id FROM ${table} WHERE project_id = $1)`;
  const rows: Record<string, string[]> = {
    Project: [projectId],
    ApiToken: await of("api_token"),
    Model: await of("model"),
    ModelVersion: await of("model_version", through("model_id", "model")),
    VisionLanguageModel: await of("vision_language_model"),
    ConceptSet: await of("concept_set"),
    Concept: await of("concept", through("concept_set_id", "concept_set")),
    AttackType: await of("attack_type"),
    Dataset: await of("dataset"),
    EmbeddingSet: await of("embedding_set", through("dataset_id", "dataset")),
    // With a picture and a clean input, so that every route has something to give.
    Input: await of(
      "input",
      `${through("dataset_id", "dataset")} AND t.image_sha256 IS NOT NULL AND t.clean_input_id IS NOT NULL`,
    ),
    Run: await of("run"),
    Detector: await of("detector"),
    Specification: await of("specification"),
    SavedView: await of("saved_view"),
  };
  const byKind = Object.fromEntries(
    Object.entries(rows).map(([kind, ids]) => [kind, ids.map((id) => encodeGlobalID(kind, id))]),
  );
  return { byKind, slug, sha256: artifactSha256 };
}

/** An answer without what differs between any two: the things that were asked for, and the request's id. */
export function told(answer: unknown, ids: Ids): string {
  let text = JSON.stringify(answer).replace(/\\*"requestId\\*":\\*"[^"\\]*\\*"/g, "");
  for (const name of [...Object.values(ids.byKind).flat(), ids.sha256])
    text = text.replaceAll(name, "<name>");
  // As a string, and as a quotation in a message, which is a string in a body.
  return text.replace(new RegExp(`(\\\\*")${ids.slug}\\1`, "g"), "<slug>");
}

export const first = (ids: Ids, kind: string): string => ids.byKind[kind][0];

/**
 * Every stranger is told the same of theirs as of nobody's; the owner is told something else.
 */
export async function expectBorder(
  { strangers, theirs, owner }: Border,
  ask: (ids: Ids, secret: string | null) => Promise<unknown>,
): Promise<void> {
  for (const [name, secret] of Object.entries(strangers)) {
    const [asked, missing] = [await ask(theirs, secret), await ask(nobodys, secret)];
    expect(told(asked, theirs), name).toBe(told(missing, nobodys));
  }
  const [had, missing] = [await ask(theirs, owner), await ask(nobodys, owner)];
  expect(told(had, theirs), "the owner").not.toBe(told(missing, nobodys));
}

export function objectType(name: string): GraphQLObjectType {
  const type = schema.getType(name);
  if (!isObjectType(type)) throw new Error(`${name} is no object type`);
  return type;
}
