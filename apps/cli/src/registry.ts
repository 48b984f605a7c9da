import { type Client, expectResult } from "./client.ts";
import { CommandError } from "./errors.ts";
import { failures } from "./failures.ts";
import { graphql, type VariablesOf } from "./graphql.ts";

const membersQuery = graphql(`
  query ProjectMembers(
    $slug: String!
    $model: String!, $withModel: Boolean!
    $version: String!, $withVersion: Boolean!
    $vlm: String!, $withVlm: Boolean!
    $conceptSet: String!, $conceptSetVersion: Int, $withConceptSet: Boolean!
    $attackType: String!, $withAttackType: Boolean!
    $dataset: String!, $withDataset: Boolean!
  ) {
    project(slug: $slug) {
      id
      model(name: $model) @include(if: $withModel) { id version(name: $version) @include(if: $withVersion) { id } }
      visionLanguageModel(name: $vlm) @include(if: $withVlm) { id }
      conceptSet(name: $conceptSet, version: $conceptSetVersion) @include(if: $withConceptSet) { id }
      attackType(name: $attackType) @include(if: $withAttackType) { id }
      dataset(name: $dataset) @include(if: $withDataset) { id status error }
    }
  }
`);

/** Names of a project's members, as people type them; `conceptSet` may carry a version: `animals@2`. */
export interface MemberNames {
  readonly model?: string;
  readonly version?: string;
  readonly vlm?: string;
  readonly conceptSet?: string;
  readonly attackType?: string;
  readonly dataset?: string;
}

/** Global ids of the members named: one key for each name given. */
export type MemberIds<Names extends MemberNames> = {
  readonly [Name in keyof Names & keyof MemberNames]-?: string;
} & {
  readonly project: string;
};

/** Resolves names to ids in one request. Throws naming the first that does not exist. */
export async function findMembers<Names extends MemberNames>(
  client: Client,
  slug: string,
  names: Names,
): Promise<MemberIds<Names>> {
  const [conceptSet, conceptSetVersion] = names.conceptSet?.split("@") ?? [];
  const { project } = await client.query(membersQuery, {
    slug,
    model: names.model ?? "",
    withModel: names.model !== undefined,
    version: names.version ?? "",
    withVersion: names.version !== undefined,
    vlm: names.vlm ?? "",
    withVlm: names.vlm !== undefined,
    conceptSet: conceptSet ?? "",
    conceptSetVersion: conceptSetVersion ? Number(conceptSetVersion) : null,
    withConceptSet: names.conceptSet !== undefined,
    attackType: names.attackType ?? "",
    withAttackType: names.attackType !== undefined,
    dataset: names.dataset ?? "",
    withDataset: names.dataset !== undefined,
  });
  if (!project)
    throw new CommandError(
      `no project "${slug}" that this token reaches; \`faultline project create ${slug}\` makes one`,
    );
  const found: Record<keyof MemberNames, string | undefined> = {
    model: project.model?.id,
    version: project.model?.version?.id,
    vlm: project.visionLanguageModel?.id,
    conceptSet: project.conceptSet?.id,
    attackType: project.attackType?.id,
    dataset: project.dataset?.id,
  };
  const ids: Record<string, string> = { project: project.id };
  for (const [member, name] of Object.entries(names) as [keyof MemberNames, string | undefined][]) {
    if (name === undefined) continue;
    const id = found[member];
    if (!id) throw new CommandError(`project "${slug}" has no ${memberTitles[member]} "${name}"`);
    ids[member] = id;
  }
  return ids as MemberIds<Names>;
}

const memberTitles: Record<keyof MemberNames, string> = {
  model: "model",
  version: "model version",
  vlm: "vision-language model",
  conceptSet: "concept set",
  attackType: "attack type",
  dataset: "dataset",
};

const createProjectMutation = graphql(
  `mutation CreateProject($input: CreateProjectInput!) {
    createProject(input: $input) { __typename ... on Project { id slug } ...Failures }
  }`,
  [failures],
);
const createModelMutation = graphql(
  `mutation CreateModel($input: CreateModelInput!) {
    createModel(input: $input) { __typename ... on Model { id name } ...Failures }
  }`,
  [failures],
);
const registerModelVersionMutation = graphql(
  `mutation RegisterModelVersion($input: RegisterModelVersionInput!) {
    registerModelVersion(input: $input) { __typename ... on ModelVersion { id name embeddingWidth } ...Failures }
  }`,
  [failures],
);
const registerVlmMutation = graphql(
  `mutation RegisterVisionLanguageModel($input: RegisterVisionLanguageModelInput!) {
    registerVisionLanguageModel(input: $input) { __typename ... on VisionLanguageModel { id name embeddingWidth } ...Failures }
  }`,
  [failures],
);
const addPhraseEmbeddingsMutation = graphql(
  `mutation AddPhraseEmbeddings($input: AddPhraseEmbeddingsInput!) {
    addPhraseEmbeddings(input: $input) { __typename ... on VisionLanguageModel { id name } ...Failures }
  }`,
  [failures],
);
const createConceptSetMutation = graphql(
  `mutation CreateConceptSet($input: CreateConceptSetInput!) {
    createConceptSet(input: $input) { __typename ... on ConceptSet { id name version } ...Failures }
  }`,
  [failures],
);
const createAttackTypeMutation = graphql(
  `mutation CreateAttackType($input: CreateAttackTypeInput!) {
    createAttackType(input: $input) { __typename ... on AttackType { id name } ...Failures }
  }`,
  [failures],
);
const createDatasetMutation = graphql(
  `mutation CreateDataset($input: CreateDatasetInput!) {
    createDataset(input: $input) { __typename ... on Dataset { id name } ...Failures }
  }`,
  [failures],
);
const addEmbeddingSetMutation = graphql(
  `mutation AddEmbeddingSet($input: AddEmbeddingSetInput!) {
    addEmbeddingSet(input: $input) { __typename ... on EmbeddingSet { id rows columns } ...Failures }
  }`,
  [failures],
);

/** Creates a project. Each function here throws CommandError with the API's field and remedy when refused. */
export async function createProject(
  client: Client,
  input: VariablesOf<typeof createProjectMutation>["input"],
) {
  return expectResult((await client.query(createProjectMutation, { input })).createProject, "Project");
}

export async function createModel(client: Client, input: VariablesOf<typeof createModelMutation>["input"]) {
  return expectResult((await client.query(createModelMutation, { input })).createModel, "Model");
}

export async function registerModelVersion(
  client: Client,
  input: VariablesOf<typeof registerModelVersionMutation>["input"],
) {
  const { registerModelVersion } = await client.query(registerModelVersionMutation, { input });
  return expectResult(registerModelVersion, "ModelVersion");
}

export async function registerVisionLanguageModel(
  client: Client,
  input: VariablesOf<typeof registerVlmMutation>["input"],
) {
  const { registerVisionLanguageModel } = await client.query(registerVlmMutation, { input });
  return expectResult(registerVisionLanguageModel, "VisionLanguageModel");
}

export async function addPhraseEmbeddings(
  client: Client,
  input: VariablesOf<typeof addPhraseEmbeddingsMutation>["input"],
) {
  const { addPhraseEmbeddings } = await client.query(addPhraseEmbeddingsMutation, { input });
  return expectResult(addPhraseEmbeddings, "VisionLanguageModel");
}

export async function createConceptSet(
  client: Client,
  input: VariablesOf<typeof createConceptSetMutation>["input"],
) {
  return expectResult(
    (await client.query(createConceptSetMutation, { input })).createConceptSet,
    "ConceptSet",
  );
}

export async function createAttackType(
  client: Client,
  input: VariablesOf<typeof createAttackTypeMutation>["input"],
) {
  return expectResult(
    (await client.query(createAttackTypeMutation, { input })).createAttackType,
    "AttackType",
  );
}

export async function createDataset(
  client: Client,
  input: VariablesOf<typeof createDatasetMutation>["input"],
) {
  return expectResult((await client.query(createDatasetMutation, { input })).createDataset, "Dataset");
}

export async function addEmbeddingSet(
  client: Client,
  input: VariablesOf<typeof addEmbeddingSetMutation>["input"],
) {
  return expectResult(
    (await client.query(addEmbeddingSetMutation, { input })).addEmbeddingSet,
    "EmbeddingSet",
  );
}

const datasetQuery = graphql(`
  query DatasetStatus($id: ID!) { node(id: $id) { __typename ... on Dataset { name status error inputCount } } }
`);

/** Waits until an uploaded dataset was read in; throws with its error when that failed. */
export async function waitForDataset(client: Client, id: string, signal?: AbortSignal) {
  for (;;) {
    signal?.throwIfAborted();
    const { node } = await client.query(datasetQuery, { id });
    if (node?.__typename !== "Dataset") throw new CommandError(`no dataset ${id}`);
    if (node.status === "READY") return node;
    if (node.status === "FAILED") throw new CommandError(`dataset "${node.name}" failed: ${node.error}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
