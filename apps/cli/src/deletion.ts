import { type Client, expectResult } from "./client.ts";
import { CommandError } from "./errors.ts";
import { failures } from "./failures.ts";
import { graphql, type VariablesOf } from "./graphql.ts";

const dependents = graphql(`
  fragment Refused on DependentsError @_unmask { dependents { kind count examples } }
`);
const deleted = graphql(`
  fragment Deleted on DeletedNode @_unmask { id dependents { kind count examples } }
`);
const parts = [deleted, dependents, failures] as const;

const mutations = {
  run: graphql(
    `mutation DeleteRun($id: ID!, $with: Boolean!) { deleted: deleteRun(id: $id, withDependents: $with) { __typename ...Deleted ...Refused ...Failures } }`,
    [...parts],
  ),
  dataset: graphql(
    `mutation DeleteDataset($id: ID!, $with: Boolean!) { deleted: deleteDataset(id: $id, withDependents: $with) { __typename ...Deleted ...Refused ...Failures } }`,
    [...parts],
  ),
  model: graphql(
    `mutation DeleteModel($id: ID!, $with: Boolean!) { deleted: deleteModel(id: $id, withDependents: $with) { __typename ...Deleted ...Refused ...Failures } }`,
    [...parts],
  ),
  "model-version": graphql(
    `mutation DeleteModelVersion($id: ID!, $with: Boolean!) { deleted: deleteModelVersion(id: $id, withDependents: $with) { __typename ...Deleted ...Refused ...Failures } }`,
    [...parts],
  ),
  vlm: graphql(
    `mutation DeleteVlm($id: ID!, $with: Boolean!) { deleted: deleteVisionLanguageModel(id: $id, withDependents: $with) { __typename ...Deleted ...Refused ...Failures } }`,
    [...parts],
  ),
  "concept-set": graphql(
    `mutation DeleteConceptSet($id: ID!, $with: Boolean!) { deleted: deleteConceptSet(id: $id, withDependents: $with) { __typename ...Deleted ...Refused ...Failures } }`,
    [...parts],
  ),
  "attack-type": graphql(
    `mutation DeleteAttackType($id: ID!, $with: Boolean!) { deleted: deleteAttackType(id: $id, withDependents: $with) { __typename ...Deleted ...Refused ...Failures } }`,
    [...parts],
  ),
  "embedding-set": graphql(
    `mutation DeleteEmbeddingSet($id: ID!, $with: Boolean!) { deleted: deleteEmbeddingSet(id: $id, withDependents: $with) { __typename ...Deleted ...Refused ...Failures } }`,
    [...parts],
  ),
  detector: graphql(
    `mutation DeleteDetector($id: ID!) { deleted: deleteDetector(id: $id) { __typename ...Deleted ...Refused ...Failures } }`,
    [...parts],
  ),
  specification: graphql(
    `mutation DeleteSpecification($id: ID!) { deleted: deleteSpecification(id: $id) { __typename ...Deleted ...Refused ...Failures } }`,
    [...parts],
  ),
};

/** What `faultline delete` takes by its id, and what people call it. */
export const deletableKinds = {
  run: "run",
  dataset: "dataset",
  model: "model",
  "model-version": "model version",
  vlm: "VLM",
  "concept-set": "concept set",
  "attack-type": "attack type",
  "embedding-set": "embedding set",
  detector: "detector",
  specification: "specification",
} as const satisfies Record<keyof typeof mutations, string>;

export type DeletableKind = keyof typeof deletableKinds;

interface Dependents {
  readonly kind: string;
  readonly count: number;
  readonly examples: readonly string[];
}

/** The refusal with names: `2 Run (v1.0 clean, v1.1 clean)`. */
function refuseDependents(result: {
  readonly __typename: string;
  readonly dependents?: readonly Dependents[];
}) {
  if (result.__typename !== "DependentsError" || !result.dependents) return;
  const list = result.dependents.map(({ kind, count, examples }) => {
    const more = count > examples.length ? ", ..." : "";
    return `  ${count} ${kind}: ${examples.join(", ")}${more}`;
  });
  throw new CommandError(
    `others depend on it:\n${list.join("\n")}\nDelete them first, or all of it --with-dependents.`,
  );
}

/** Deletes a node by its global id. Throws CommandError with what depends on it, or the API's own refusal. */
export async function deleteNode(client: Client, kind: DeletableKind, id: string, withDependents: boolean) {
  const { deleted } =
    kind === "detector" || kind === "specification"
      ? await client.query(mutations[kind], { id })
      : await client.query(mutations[kind], { id, with: withDependents });
  refuseDependents(deleted);
  return expectResult(deleted, "DeletedNode");
}

const deleteProjectMutation = graphql(
  `mutation DeleteProject($id: ID!, $slug: String!, $withDependents: Boolean!) {
    deleteProject(id: $id, slug: $slug, withDependents: $withDependents) {
      __typename ...Deleted ...Refused ...Failures
    }
  }`,
  [...parts],
);

export async function deleteProject(client: Client, variables: VariablesOf<typeof deleteProjectMutation>) {
  const { deleteProject } = await client.query(deleteProjectMutation, variables);
  refuseDependents(deleteProject);
  return expectResult(deleteProject, "DeletedNode");
}

const projectQuery = graphql(`query ProjectId($slug: String!) { project(slug: $slug) { id } }`);

export async function projectIdOf(client: Client, slug: string): Promise<string> {
  const { project } = await client.query(projectQuery, { slug });
  if (!project) throw new CommandError(`no project "${slug}" that this token reaches`);
  return project.id;
}
