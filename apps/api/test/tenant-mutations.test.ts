// The tenant border at mutations, driven by the schema: each argument that names something is given the id or the hash of
// an existing thing of another project. A new mutation or argument without an entry here fails.
import {
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLNamedType,
  getNamedType,
  isInputObjectType,
} from "graphql";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Answer, ApiUnderTest } from "./api-under-test.ts";
import { everything } from "./full-project.ts";
import { type Border, first, type Ids, nobodys, objectType, startBorder, told } from "./tenant-border.ts";

// Each asks for many things on behalf of many.
vi.setConfig({ testTimeout: 180_000 });

let border: Border;
let api: ApiUnderTest;
let theirs: Ids;
let own: Ids;
beforeAll(async () => {
  border = await startBorder();
  ({ api, theirs, own } = border);
});
afterAll(() => api.close());

const graphql = (query: string, variables: object, secret: string | null) =>
  api.graphql(query, variables, secret);

/** What each ID argument is an id of, where its name alone says so. */
const kindOfArgument: Record<string, string> = {
  projectId: "Project",
  modelId: "Model",
  modelVersionId: "ModelVersion",
  attackedModelVersionId: "ModelVersion",
  visionLanguageModelId: "VisionLanguageModel",
  conceptSetId: "ConceptSet",
  attackTypeId: "AttackType",
  datasetId: "Dataset",
  cleanDatasetId: "Dataset",
  runId: "Run",
  detectorId: "Detector",
};

/** What the argument `id` of a mutation is an id of. */
const kindOfId: Record<string, string> = {
  cancelRun: "Run",
  retryRun: "Run",
  revokeApiToken: "ApiToken",
  setProjectQuota: "Project",
  deleteProject: "Project",
  deleteModel: "Model",
  deleteModelVersion: "ModelVersion",
  deleteVisionLanguageModel: "VisionLanguageModel",
  deleteConceptSet: "ConceptSet",
  deleteAttackType: "AttackType",
  deleteDataset: "Dataset",
  deleteEmbeddingSet: "EmbeddingSet",
  deleteRun: "Run",
  deleteDetector: "Detector",
  deleteSpecification: "Specification",
  deleteView: "SavedView",
};

const classes = ["truck", "car", "plane"];

/** What each mutation needs besides ids and hashes. */
const rest: Record<string, Record<string, unknown>> = {
  addEmbeddingSet: { kind: "LOGITS" },
  addPhraseEmbeddings: { phrases: ["a"] },
  cancelRun: {},
  checkInputs: { inputs: [{ externalId: "x", embedding: [1, 2, 3, 4, 5, 6], predictedClass: "truck" }] },
  createApiToken: { name: "t", scopes: ["READ"] },
  createAttackType: { name: "new", norm: "Linf", epsilon: 0.1 },
  createConceptSet: { name: "new", phrases: ["a", "b"] },
  createDataset: { name: "new", classes },
  createModel: { name: "new" },
  deleteAttackType: {},
  deleteConceptSet: {},
  deleteDataset: {},
  deleteDetector: {},
  deleteEmbeddingSet: {},
  deleteModel: {},
  deleteModelVersion: {},
  deleteProject: {},
  deleteRun: {},
  deleteSpecification: {},
  deleteView: {},
  deleteVisionLanguageModel: {},
  publishDetector: { name: "new" },
  registerModelVersion: { name: "new", classes, embeddingWidth: 6 },
  registerVisionLanguageModel: { name: "new", embeddingWidth: 6 },
  retryRun: {},
  revokeApiToken: {},
  saveSpecification: { name: "new", text: "predicted(truck) => strength(wheels) > strength(wings)" },
  saveView: { name: "new", query: "a=b" },
  setProjectQuota: { bytes: null },
  startRun: {},
};

/** Makes something that belongs to no project yet. */
const withoutNames = ["createProject"];

/** An argument of a mutation that names something, and what. */
interface Naming {
  mutation: string;
  argument: string;
  /** Kind of node, or `upload` or `slug`. */
  names: string;
}

function argumentsOf(mutation: string): (GraphQLArgument | GraphQLInputField)[] {
  const { args } = objectType("Mutation").getFields()[mutation];
  const [input] = args;
  const type: GraphQLNamedType = getNamedType(input.type);
  return isInputObjectType(type) ? Object.values(type.getFields()) : [...args];
}

const mutationNames = Object.keys(objectType("Mutation").getFields());

const namings: Naming[] = mutationNames
  .filter((mutation) => !withoutNames.includes(mutation))
  .flatMap((mutation) =>
    argumentsOf(mutation).flatMap(({ name: argument, type }) => {
      if (getNamedType(type).name === "ID")
        return {
          mutation,
          argument,
          names: (argument === "id" ? kindOfId[mutation] : kindOfArgument[argument]) ?? "unknown",
        };
      return /sha256$/i.test(argument) ? { mutation, argument, names: "upload" } : [];
    }),
  );

/** Arguments that are given only when they are the one that is looked at: beside others they would be refused. */
const alone: Record<string, string[]> = {
  addEmbeddingSet: ["visionLanguageModelId"],
  createDataset: ["manifestSha256", "attackTypeId", "attackedModelVersionId", "cleanDatasetId"],
  registerModelVersion: ["encoderSha256", "headSha256", "graphSha256"],
  registerVisionLanguageModel: ["imageTowerSha256", "textTowerSha256", "tokenizerSha256"],
};

/** What goes with such an argument, and what does not. */
const company: Record<string, Record<string, unknown>> = {
  "addEmbeddingSet.visionLanguageModelId": { kind: "IMAGE_EMBEDDING", modelVersionId: undefined },
  "createDataset.manifestSha256": { archiveSha256: undefined },
  "registerModelVersion.graphSha256": { penultimateTensor: "embedding" },
};

const preprocessing = {
  ...{ width: 8, height: 8, resize: "squash", interpolation: "nearest" },
  ...{ mean: [0, 0, 0], standardDeviation: [1, 1, 1] },
};

/** The mutation with everything of `base`, but with one argument of `ids`. */
function ask({ mutation, argument }: Naming, base: Ids, ids: Ids, name = "new") {
  const values: Record<string, unknown> = { ...rest[mutation] };
  if (values.name === "new") values.name = name;
  const value = (names: string, of: Ids) => (names === "upload" ? of.sha256 : first(of, names));
  const attack = ["attackTypeId", "attackedModelVersionId", "cleanDatasetId"];
  for (const naming of namings.filter((each) => each.mutation === mutation)) {
    const looked = naming.argument === argument;
    const together =
      (attack.includes(argument) && attack.includes(naming.argument)) ||
      (/^(encoder|head)Sha256$/.test(argument) && /^(encoder|head)Sha256$/.test(naming.argument)) ||
      (mutation === "registerVisionLanguageModel" &&
        /Sha256$/.test(argument) &&
        /Sha256$/.test(naming.argument));
    if (!looked && !together && alone[mutation]?.includes(naming.argument)) continue;
    values[naming.argument] = value(naming.names, looked ? ids : base);
  }
  if (mutation.startsWith("register") && /Sha256$/.test(argument)) {
    values.preprocessing = preprocessing;
    delete values.embeddingWidth;
  }
  Object.assign(values, company[`${mutation}.${argument}`]);
  if (mutation === "deleteProject") values.slug = ids.slug;
  const field = objectType("Mutation").getFields()[mutation];
  const isInput = isInputObjectType(getNamedType(field.args[0].type));
  const variables = isInput ? { input: values } : values;
  const declared = field.args
    .filter(({ name }) => name in variables)
    .map(({ name, type }) => `$${name}: ${String(type)}`);
  const passed = field.args.filter(({ name }) => name in variables).map(({ name }) => `${name}: $${name}`);
  const query = `mutation(${declared.join(", ")}) { ${mutation}(${passed.join(", ")}) {
    __typename ... on Error { message } ... on NotFoundError { field } ... on ForbiddenError { requiredScope } } }`;
  return [query, variables] as const;
}

test("all mutations have an entry, and so have their arguments", () => {
  expect(mutationNames.filter((name) => !withoutNames.includes(name)).sort()).toEqual(
    Object.keys(rest).sort(),
  );
  expect(namings.filter(({ names }) => names === "unknown")).toEqual([]);
  for (const name of Object.keys(rest)) expect(namings.map(({ mutation }) => mutation)).toContain(name);
});

test.each(namings.map((naming) => [`${naming.mutation}(${naming.argument})`, naming] as const))(
  "%s does nothing with what is another project's",
  async (_name, naming) => {
    const outcomeOf = ({ data, errors }: Answer) =>
      data?.[naming.mutation]?.__typename ?? errors?.[0].extensions.code;
    const refusals = ["NotFoundError", "ForbiddenError", "UNAUTHENTICATED"];
    for (const [name, secret] of Object.entries(border.strangers)) {
      // All else is the stranger's own, and then everything is theirs.
      const asked = await graphql(...ask(naming, own, theirs), secret);
      const missing = await graphql(...ask(naming, own, nobodys), secret);
      expect(told(asked, theirs), name).toBe(told(missing, nobodys));
      expect(refusals, name).toContain(outcomeOf(asked));
      expect(refusals, name).toContain(outcomeOf(await graphql(...ask(naming, theirs, theirs), secret)));
    }
    const admin = border.strangers["ADMIN of another project"];
    const { data } = await graphql(...ask(naming, own, theirs), admin);
    // A token of a project may not set its quota, whichever project it is.
    expect(data[naming.mutation].__typename).toBe(
      naming.mutation === "setProjectQuota" ? "ForbiddenError" : "NotFoundError",
    );
  },
);

test("afterwards nothing in the database has changed", async () => {
  expect(await everything(api)).toEqual(border.before);
});

test("the owner reaches all of it by the same mutations", async () => {
  // What deletes comes last; that others depend on it is told to its owner alone.
  const rank = ({ mutation }: Naming) => Number(mutation.startsWith("delete"));
  for (const naming of [...namings].sort((a, b) => rank(a) - rank(b))) {
    const { mutation, argument } = naming;
    const what = `${mutation}(${argument})`;
    const missing = await graphql(...ask(naming, theirs, nobodys, what), border.owner);
    const { data, errors } = await graphql(...ask(naming, theirs, theirs, what), border.owner);
    expect(errors, what).toBeUndefined();
    if (mutation === "setProjectQuota") {
      // An installation's administrator alone may; quotas have tests of their own.
      expect(data[mutation].__typename).toBe("ForbiddenError");
      continue;
    }
    expect(missing.data[mutation].__typename, what).toBe("NotFoundError");
    expect(["NotFoundError", "ForbiddenError"], what).not.toContain(data[mutation].__typename);
  }
});
