/** A column that names artifacts, and the project that does so by it. */
interface ArtifactReference {
  /** `table.column`. */
  column: string;
  /** json: every string of 64 hexadecimal digits within counts, so a new hand-over needs no new entry here. */
  kind: "sha256" | "json";
  /** How the row's project is found: joins to the table's alias `t`, and the project's id. */
  joins: string;
  project: string;
}

const ofDataset = { joins: "JOIN dataset d ON d.id = t.dataset_id", project: "d.project_id" };
const ofModel = { joins: "JOIN model m ON m.id = t.model_id", project: "m.project_id" };
const ofRun = { joins: "JOIN run r ON r.id = t.run_id", project: "r.project_id" };
const ofVlm = {
  joins: "JOIN vision_language_model v ON v.id = t.vision_language_model_id",
  project: "v.project_id",
};
const own = { joins: "", project: "t.project_id" };

/**
 * Every place where a project names an artifact. What is named only inside another artifact is not seen: a stage hands
 * over every hash that a later stage reads (`reported` in apps/worker). A test holds this list and the next one against the
 * columns of the database.
 */
export const artifactReferences: readonly ArtifactReference[] = [
  { column: "model_version.encoder_sha256", kind: "sha256", ...ofModel },
  { column: "model_version.head_sha256", kind: "sha256", ...ofModel },
  { column: "vision_language_model.image_tower_sha256", kind: "sha256", ...own },
  { column: "vision_language_model.text_tower_sha256", kind: "sha256", ...own },
  { column: "vision_language_model.tokenizer_sha256", kind: "sha256", ...own },
  { column: "phrase_embeddings.artifact_sha256", kind: "sha256", ...ofVlm },
  { column: "dataset.archive_sha256", kind: "sha256", ...own },
  { column: "dataset.manifest_sha256", kind: "sha256", ...own },
  { column: "input.image_sha256", kind: "sha256", ...ofDataset },
  { column: "embedding_set.artifact_sha256", kind: "sha256", ...ofDataset },
  { column: "run_shard.result", kind: "json", ...ofRun },
  { column: "run_report.strengths_sha256", kind: "sha256", ...ofRun },
  { column: "run_report.vlm_strengths_sha256", kind: "sha256", ...ofRun },
  { column: "run_report.alignment_sha256", kind: "sha256", ...ofRun },
  { column: "run_report.result_sha256", kind: "sha256", ...ofRun },
  { column: "run_report.details", kind: "json", ...ofRun },
  { column: "detector.artifact_sha256", kind: "sha256", ...own },
];

/** Columns of hashes and of JSON that keep no artifact, or only as long as the sweep itself says. */
export const keepsNoArtifact: readonly string[] = [
  // What the store holds, and for a day after its use what a project may name.
  "artifact.sha256",
  "project_artifact.sha256",
  "artifact_mark.sha256",
  // What has not arrived yet is not in the store.
  "unfinished_upload.sha256",
  // The cache of shards: kept by the runs that name its entries, and for a day after its use.
  "shard_result.key",
  "shard_result.artifact_sha256",
  "shard_result.quarantined",
  // No artifact is named there.
  "attack_type.parameters",
  "detector_metric.curves",
  "model_version.metadata",
  "model_version.preprocessing",
  "run.configuration",
  "vision_language_model.preprocessing",
];

/** SQL: every artifact that a row names, as (sha256, project_id), not distinct. */
export function namedArtifactsSql(): string {
  return artifactReferences
    .map(({ column, kind, joins, project }) => {
      const [table, name] = column.split(".");
      const from = `FROM ${table} t ${joins}`;
      return kind === "sha256"
        ? `SELECT t.${name} AS sha256, ${project} AS project_id ${from} WHERE t.${name} IS NOT NULL`
        : `SELECT found[1], ${project} ${from} CROSS JOIN regexp_matches(t.${name}::text, '"([0-9a-f]{64})"', 'g') AS found`;
    })
    .join("\nUNION ALL\n");
}
