import { noSuchNode, requireNode } from "../access/reach.ts";
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { DependentsType } from "../error-types.ts";
import {
  ConflictError,
  type Dependents,
  DependentsError,
  ForbiddenError,
  NotFoundError,
  ValidationError,
} from "../errors.ts";
import { deleteNode } from "./delete-node.ts";
import type { KindName } from "./kinds.ts";

interface DeletedNode {
  id: string;
  dependents: Dependents[];
}

const DeletedNodeType = builder.objectRef<DeletedNode>("DeletedNode").implement({
  description: "What was deleted. Its artifacts leave the store about a day later.",
  fields: (t) => ({
    id: t.exposeID("id", { description: "The global id that it had." }),
    dependents: t.expose("dependents", {
      type: [DependentsType],
      description: "What depended on it and was deleted with it.",
    }),
  }),
});

/** @throws NotFoundError, ConflictError, DependentsError */
async function deleteWithinReach(
  context: Context,
  kind: KindName,
  globalId: string,
  withDependents: boolean,
): Promise<DeletedNode> {
  const id = await requireNode(context, kind, globalId, "id");
  const dependents = await deleteNode(context, kind, id, withDependents);
  if (!dependents) throw noSuchNode(kind, globalId, "id");
  return { id: globalId, dependents };
}

const refusals = [NotFoundError, ConflictError, DependentsError, ForbiddenError];

/** A deletion: of what, and what is to be said of it. */
interface Deletion {
  kind: KindName;
  /** As in "Deletes a run". */
  what: string;
  /** Said of what goes with it in any case. */
  parts?: string;
  /** Who may depend on it; none when left out. */
  dependents?: string;
}

const deletions: Record<string, Deletion> = {
  deleteRun: {
    kind: "Run",
    what: "a run",
    parts: "with its report and verdicts. While it is queued or running, cancel it first",
    dependents: "detectors that were published from it",
  },
  deleteDataset: {
    kind: "Dataset",
    what: "a dataset",
    parts: "with its inputs",
    dependents: "attacked datasets that were made from it, matrices that were brought for it, runs on it",
  },
  deleteModel: { kind: "Model", what: "a model", dependents: "its versions and what depends on them" },
  deleteModelVersion: {
    kind: "ModelVersion",
    what: "a version of a model",
    dependents: "its runs, matrices that were brought for it, datasets of attacks against it",
  },
  deleteVisionLanguageModel: {
    kind: "VisionLanguageModel",
    what: "a VLM",
    parts: "with the text embeddings that were brought for it",
    dependents: "runs that were read through it, matrices that were brought for it",
  },
  deleteConceptSet: {
    kind: "ConceptSet",
    what: "one version of a concept set",
    dependents: "runs that were read in its words",
  },
  deleteAttackType: {
    kind: "AttackType",
    what: "an attack type",
    dependents: "its datasets and their runs",
  },
  deleteEmbeddingSet: {
    kind: "EmbeddingSet",
    what: "a matrix that was brought",
    dependents: "runs that were computed from it",
  },
  deleteDetector: {
    kind: "Detector",
    what: "one version of a detector",
    parts: "with the checks that were stored of it",
  },
  deleteSpecification: { kind: "Specification", what: "a saved specification" },
  deleteView: { kind: "SavedView", what: "a saved view" },
};

for (const [name, { kind, what, parts, dependents }] of Object.entries(deletions))
  builder.mutationField(name, (t) =>
    t.field({
      type: DeletedNodeType,
      description: [
        `Deletes ${what}${parts ? `, ${parts}` : ""}.`,
        ...(dependents
          ? [`What depends on it (${dependents}) is said, or deleted too if that is wished.`]
          : []),
        "Needs the write scope.",
      ].join(" "),
      errors: { types: refusals },
      args: {
        id: t.arg.id({ required: true, description: `What to delete: ${what}.` }),
        ...(dependents && {
          withDependents: t.arg.boolean({
            required: true,
            defaultValue: false,
            description: "Delete what depends on it too; runs that go on are stopped.",
          }),
        }),
      },
      resolve: (_root, { id, withDependents }, context) =>
        deleteWithinReach(context, kind, id, withDependents ?? false),
    }),
  );

builder.mutationField("deleteProject", (t) =>
  t.field({
    type: DeletedNodeType,
    description:
      "Deletes a project with its tokens and uploads. What it holds is said, or deleted too if that is wished. Needs the admin scope.",
    authScopes: { admin: true },
    errors: { types: [ValidationError, ...refusals] },
    args: {
      id: t.arg.id({ required: true, description: "The project." }),
      slug: t.arg.string({ required: true, description: "Its slug, as a confirmation." }),
      withDependents: t.arg.boolean({
        required: true,
        defaultValue: false,
        description: "Delete everything in it too; runs that go on are stopped.",
      }),
    },
    resolve: async (_root, { id: globalId, slug, withDependents }, context) => {
      const id = await requireNode(context, "Project", globalId, "id");
      const project = await context.prisma.project.findUnique({ where: { id }, select: { slug: true } });
      if (project && project.slug !== slug)
        throw ValidationError.of(
          "slug",
          `This is not the project's slug. Give "${project.slug}" to confirm.`,
        );
      const deleted = await deleteWithinReach(context, "Project", globalId, withDependents);
      await context.uploads.removeProject(id);
      return deleted;
    },
  }),
);
