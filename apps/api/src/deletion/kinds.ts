/** A kind of node that can be deleted. */
export interface Kind {
  table: string;
  /** SQL of a row's name for people, on the alias `t`. */
  name: string;
  /** Who depends on it: SQL of the ids of those that depend on one of `$1`, an array of this kind's ids. */
  dependents: Partial<Record<KindName, string>>;
}

const ofProject = (table: string) => `SELECT id FROM ${table} WHERE project_id = ANY($1)`;
const by = (table: string, column: string) => `SELECT id FROM ${table} WHERE ${column} = ANY($1)`;

/**
 * Who depends on whom, in an order in which nobody comes before what it depends on. Rows that are a part of a node
 * (inputs of a dataset, verdicts and report of a run, tokens of a project) are not listed: the database deletes them
 * with it.
 */
export const kinds = {
  Project: {
    table: "project",
    name: "t.slug",
    dependents: {
      Model: ofProject("model"),
      VisionLanguageModel: ofProject("vision_language_model"),
      ConceptSet: ofProject("concept_set"),
      AttackType: ofProject("attack_type"),
      Dataset: ofProject("dataset"),
      Run: ofProject("run"),
      Detector: ofProject("detector"),
      Specification: ofProject("specification"),
      SavedView: ofProject("saved_view"),
    },
  },
  Model: {
    table: "model",
    name: "t.name",
    dependents: { ModelVersion: by("model_version", "model_id") },
  },
  ModelVersion: {
    table: "model_version",
    name: "(SELECT m.name FROM model m WHERE m.id = t.model_id) || ' ' || t.name",
    dependents: {
      Dataset: by("dataset", "attacked_model_version_id"),
      EmbeddingSet: by("embedding_set", "model_version_id"),
      Run: by("run", "model_version_id"),
    },
  },
  VisionLanguageModel: {
    table: "vision_language_model",
    name: "t.name",
    dependents: {
      EmbeddingSet: by("embedding_set", "vision_language_model_id"),
      Run: by("run", "vision_language_model_id"),
    },
  },
  ConceptSet: {
    table: "concept_set",
    name: "t.name || '@' || t.version",
    dependents: { Run: by("run", "concept_set_id") },
  },
  AttackType: {
    table: "attack_type",
    name: "t.name",
    dependents: { Dataset: by("dataset", "attack_type_id") },
  },
  Dataset: {
    table: "dataset",
    name: "t.name",
    dependents: {
      Dataset: by("dataset", "clean_dataset_id"),
      EmbeddingSet: by("embedding_set", "dataset_id"),
      Run: by("run", "dataset_id"),
    },
  },
  EmbeddingSet: {
    table: "embedding_set",
    name: "t.kind::text || ' of ' || (SELECT d.name FROM dataset d WHERE d.id = t.dataset_id)",
    dependents: {
      // Runs that read it, also those of attacked data that align on the clean one.
      Run: `SELECT r.id FROM embedding_set e
        JOIN dataset d ON d.id = e.dataset_id OR d.clean_dataset_id = e.dataset_id
        JOIN run r ON r.dataset_id = d.id
          AND (r.model_version_id = e.model_version_id OR r.vision_language_model_id = e.vision_language_model_id)
        WHERE e.id = ANY($1)`,
    },
  },
  Run: {
    table: "run",
    name: "t.name",
    dependents: { Detector: by("detector", "run_id") },
  },
  Detector: { table: "detector", name: "t.name || '@' || t.version", dependents: {} },
  Specification: { table: "specification", name: "t.name", dependents: {} },
  SavedView: { table: "saved_view", name: "t.name", dependents: {} },
} satisfies Record<string, KindOfUnknownDependents>;

interface KindOfUnknownDependents extends Omit<Kind, "dependents"> {
  dependents: Record<string, string>;
}

export type KindName = keyof typeof kinds;

/** From what others depend on to what depends on others. */
export const kindNames = Object.keys(kinds) as KindName[];

export function kindOf(name: KindName): Kind {
  return kinds[name];
}
