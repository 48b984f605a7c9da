import type { ObjectRef } from "@pothos/core";
import { ApiTokenType } from "./access/api-tokens.ts";
import { ProjectType } from "./access/projects.ts";
import { builder, type Types } from "./builder.ts";
import { ConceptSetType } from "./concepts/concept-sets.ts";
import { AttackTypeType } from "./datasets/attack-types.ts";
import { DatasetType } from "./datasets/datasets.ts";
import { InputType } from "./datasets/inputs.ts";
import { DetectorType, InputCheckType } from "./detectors/detectors.ts";
import { ModelVersionType } from "./registry/model-versions.ts";
import { ModelType } from "./registry/models.ts";
import { VisionLanguageModelType } from "./registry/vision-language-models.ts";
import { RunType } from "./runs/runs.ts";
import { SavedViewType } from "./specifications/saved-views.ts";
import { SpecificationType } from "./specifications/specifications.ts";
import { QuarantinedInputType } from "./verdicts/quarantined-inputs.ts";

/** What the Prisma plugin puts into a connection whose `totalCount` is on. */
interface Counted {
  totalCount?: number | (() => Promise<number>);
}

/** The connection and edge types of a node type: one pair, wherever in the schema such a page appears. */
function connectionOf<Shape>(name: string, type: ObjectRef<Types, Shape>) {
  const edge = builder.edgeObject({ name: `${name}Edge`, type, description: `A ${name} in its connection.` });
  const connection = builder.connectionObject(
    {
      name: `${name}Connection`,
      type,
      description: `A page of ${name} items.`,
      fields: (t) => ({
        totalCount: t.int({
          description: "Items on all pages.",
          resolve: (page) => {
            const { totalCount } = page as Counted;
            return typeof totalCount === "function" ? totalCount() : (totalCount ?? 0);
          },
        }),
      }),
    },
    edge,
  );
  return [connection, edge] as const;
}

/**
 * Made when the schema is built and not when the modules load: a type's fields need its neighbours' pages, and
 * the pages need the types.
 */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

export const projectPage = once(() => connectionOf("Project", ProjectType));
export const apiTokenPage = once(() => connectionOf("ApiToken", ApiTokenType));
export const modelPage = once(() => connectionOf("Model", ModelType));
export const modelVersionPage = once(() => connectionOf("ModelVersion", ModelVersionType));
export const visionLanguageModelPage = once(() =>
  connectionOf("VisionLanguageModel", VisionLanguageModelType),
);
export const conceptSetPage = once(() => connectionOf("ConceptSet", ConceptSetType));
export const attackTypePage = once(() => connectionOf("AttackType", AttackTypeType));
export const datasetPage = once(() => connectionOf("Dataset", DatasetType));
export const inputPage = once(() => connectionOf("Input", InputType));
export const runPage = once(() => connectionOf("Run", RunType));
export const quarantinedInputPage = once(() => connectionOf("QuarantinedInput", QuarantinedInputType));
export const detectorPage = once(() => connectionOf("Detector", DetectorType));
export const inputCheckPage = once(() => connectionOf("InputCheck", InputCheckType));
export const specificationPage = once(() => connectionOf("Specification", SpecificationType));
export const savedViewPage = once(() => connectionOf("SavedView", SavedViewType));
