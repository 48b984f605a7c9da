-- CreateEnum
CREATE TYPE "TokenScope" AS ENUM ('READ', 'WRITE', 'ADMIN');

-- CreateEnum
CREATE TYPE "DatasetStatus" AS ENUM ('INGESTING', 'READY', 'FAILED');

-- CreateEnum
CREATE TYPE "Split" AS ENUM ('ALIGNMENT', 'CALIBRATION', 'TEST');

-- CreateEnum
CREATE TYPE "EmbeddingKind" AS ENUM ('EMBEDDING', 'LOGITS', 'IMAGE_EMBEDDING');

-- CreateEnum
CREATE TYPE "RunStatus" AS ENUM ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED');

-- CreateEnum
CREATE TYPE "RunStage" AS ENUM ('PLAN', 'EMBED', 'ALIGN', 'STRENGTHS', 'REPORT', 'VERDICTS');

-- CreateEnum
CREATE TYPE "HeatmapKind" AS ENUM ('GROUND_TRUTH', 'OUTPUT_LABEL');

-- CreateEnum
CREATE TYPE "HeatmapSubset" AS ENUM ('ALL', 'CORRECT', 'INCORRECT', 'CLEAN');

-- CreateEnum
CREATE TYPE "VerdictKind" AS ENUM ('OK', 'DEFECT');

-- CreateEnum
CREATE TYPE "Fault" AS ENUM ('NONE', 'ENCODER', 'HEAD', 'UNDECIDED');

-- CreateTable
CREATE TABLE "project" (
    "id" UUID NOT NULL,
    "slug" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "project_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_token" (
    "id" UUID NOT NULL,
    "project_id" UUID,
    "name" TEXT NOT NULL,
    "prefix" TEXT NOT NULL,
    "secret_hash" BYTEA NOT NULL,
    "scopes" "TokenScope"[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_token_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "idempotency_key" (
    "project_id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "operation" TEXT NOT NULL,
    "request_hash" BYTEA NOT NULL,
    "node_type" TEXT NOT NULL,
    "node_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotency_key_pkey" PRIMARY KEY ("project_id","key")
);

-- CreateTable
CREATE TABLE "artifact" (
    "sha256" CHAR(64) NOT NULL,
    "bytes" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "artifact_pkey" PRIMARY KEY ("sha256")
);

-- CreateTable
CREATE TABLE "project_artifact" (
    "project_id" UUID NOT NULL,
    "sha256" CHAR(64) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "project_artifact_pkey" PRIMARY KEY ("project_id","sha256")
);

-- CreateTable
CREATE TABLE "model" (
    "id" UUID NOT NULL,
    "project_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "model_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "model_version" (
    "id" UUID NOT NULL,
    "model_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "classes" TEXT[],
    "encoder_sha256" CHAR(64),
    "head_sha256" CHAR(64),
    "preprocessing" JSONB,
    "embedding_width" INTEGER NOT NULL,
    "git_commit" TEXT,
    "training_data_tag" TEXT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "model_version_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "vision_language_model" (
    "id" UUID NOT NULL,
    "project_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "image_tower_sha256" CHAR(64),
    "text_tower_sha256" CHAR(64),
    "tokenizer_sha256" CHAR(64),
    "preprocessing" JSONB,
    "embedding_width" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "vision_language_model_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "phrase_embeddings" (
    "id" UUID NOT NULL,
    "vision_language_model_id" UUID NOT NULL,
    "phrases" TEXT[],
    "artifact_sha256" CHAR(64) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "phrase_embeddings_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "concept_set" (
    "id" UUID NOT NULL,
    "project_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "templates" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "concept_set_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "concept" (
    "id" UUID NOT NULL,
    "concept_set_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "phrase" TEXT NOT NULL,

    CONSTRAINT "concept_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "attack_type" (
    "id" UUID NOT NULL,
    "project_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "norm" TEXT NOT NULL,
    "epsilon" DOUBLE PRECISION NOT NULL,
    "steps" INTEGER,
    "parameters" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "attack_type_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "dataset" (
    "id" UUID NOT NULL,
    "project_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "classes" TEXT[],
    "status" "DatasetStatus" NOT NULL DEFAULT 'INGESTING',
    "error" TEXT,
    "archive_sha256" CHAR(64),
    "input_count" INTEGER NOT NULL DEFAULT 0,
    "attack_type_id" UUID,
    "attacked_model_version_id" UUID,
    "clean_dataset_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "dataset_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "input" (
    "id" BIGSERIAL NOT NULL,
    "dataset_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "external_id" TEXT NOT NULL,
    "split" "Split" NOT NULL,
    "label" INTEGER,
    "image_sha256" CHAR(64),
    "clean_input_id" BIGINT,

    CONSTRAINT "input_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "embedding_set" (
    "id" UUID NOT NULL,
    "dataset_id" UUID NOT NULL,
    "kind" "EmbeddingKind" NOT NULL,
    "model_version_id" UUID,
    "vision_language_model_id" UUID,
    "artifact_sha256" CHAR(64) NOT NULL,
    "rows" INTEGER NOT NULL,
    "columns" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "embedding_set_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "shard_result" (
    "key" CHAR(64) NOT NULL,
    "artifact_sha256" CHAR(64) NOT NULL,
    "rows" INTEGER NOT NULL,
    "quarantined" JSONB NOT NULL DEFAULT '[]',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "shard_result_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "run" (
    "id" UUID NOT NULL,
    "project_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "model_version_id" UUID NOT NULL,
    "vision_language_model_id" UUID NOT NULL,
    "concept_set_id" UUID NOT NULL,
    "dataset_id" UUID NOT NULL,
    "configuration" JSONB NOT NULL,
    "seed" INTEGER NOT NULL,
    "status" "RunStatus" NOT NULL DEFAULT 'QUEUED',
    "stage" "RunStage",
    "attempt" INTEGER NOT NULL DEFAULT 1,
    "error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "cancel_requested_at" TIMESTAMPTZ(3),

    CONSTRAINT "run_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "run_progress" (
    "run_id" UUID NOT NULL,
    "stage" "RunStage" NOT NULL,
    "done" INTEGER NOT NULL DEFAULT 0,
    "total" INTEGER NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "run_progress_pkey" PRIMARY KEY ("run_id","stage")
);

-- CreateTable
CREATE TABLE "run_report" (
    "run_id" UUID NOT NULL,
    "axis" TEXT[],
    "concept_count" INTEGER NOT NULL,
    "inputs" INTEGER NOT NULL,
    "labelled" INTEGER NOT NULL,
    "misclassified" INTEGER NOT NULL,
    "quarantined_count" INTEGER NOT NULL,
    "accuracy" DOUBLE PRECISION,
    "accuracy_low" DOUBLE PRECISION,
    "accuracy_high" DOUBLE PRECISION,
    "encoder_faults" INTEGER NOT NULL,
    "head_faults" INTEGER NOT NULL,
    "undecided_faults" INTEGER NOT NULL,
    "details" JSONB NOT NULL,
    "strengths_sha256" CHAR(64) NOT NULL,
    "vlm_strengths_sha256" CHAR(64) NOT NULL,
    "alignment_sha256" CHAR(64) NOT NULL,
    "result_sha256" CHAR(64) NOT NULL,

    CONSTRAINT "run_report_pkey" PRIMARY KEY ("run_id")
);

-- CreateTable
CREATE TABLE "class_report" (
    "run_id" UUID NOT NULL,
    "class_index" INTEGER NOT NULL,
    "inputs" INTEGER NOT NULL,
    "correct" INTEGER NOT NULL,
    "encoder_faults" INTEGER NOT NULL,
    "head_faults" INTEGER NOT NULL,
    "undecided_faults" INTEGER NOT NULL,

    CONSTRAINT "class_report_pkey" PRIMARY KEY ("run_id","class_index")
);

-- CreateTable
CREATE TABLE "fault_pair" (
    "run_id" UUID NOT NULL,
    "true_class" INTEGER NOT NULL,
    "predicted_class" INTEGER NOT NULL,
    "inputs" INTEGER NOT NULL,
    "encoder_faults" INTEGER NOT NULL,
    "head_faults" INTEGER NOT NULL,
    "undecided_faults" INTEGER NOT NULL,

    CONSTRAINT "fault_pair_pkey" PRIMARY KEY ("run_id","true_class","predicted_class")
);

-- CreateTable
CREATE TABLE "heatmap" (
    "run_id" UUID NOT NULL,
    "kind" "HeatmapKind" NOT NULL,
    "subset" "HeatmapSubset" NOT NULL,
    "class_index" INTEGER NOT NULL,
    "inputs" INTEGER NOT NULL,
    "counts" BYTEA NOT NULL,

    CONSTRAINT "heatmap_pkey" PRIMARY KEY ("run_id","kind","subset","class_index")
);

-- CreateTable
CREATE TABLE "detector_metric" (
    "run_id" UUID NOT NULL,
    "detector" TEXT NOT NULL,
    "semantic" BOOLEAN NOT NULL,
    "positives" INTEGER NOT NULL,
    "negatives" INTEGER NOT NULL,
    "auroc" DOUBLE PRECISION NOT NULL,
    "auroc_low" DOUBLE PRECISION NOT NULL,
    "auroc_high" DOUBLE PRECISION NOT NULL,
    "aupr_in" DOUBLE PRECISION NOT NULL,
    "aupr_out" DOUBLE PRECISION NOT NULL,
    "fpr95" DOUBLE PRECISION NOT NULL,
    "aurc" DOUBLE PRECISION NOT NULL,
    "curves" JSONB NOT NULL,

    CONSTRAINT "detector_metric_pkey" PRIMARY KEY ("run_id","detector")
);

-- CreateTable
CREATE TABLE "detector" (
    "id" UUID NOT NULL,
    "project_id" UUID NOT NULL,
    "run_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "similarity" TEXT NOT NULL,
    "false_alarm_rate" DOUBLE PRECISION,
    "threshold" DOUBLE PRECISION NOT NULL,
    "artifact_sha256" CHAR(64) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "published_at" TIMESTAMPTZ(3),

    CONSTRAINT "detector_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "input_check" (
    "id" BIGSERIAL NOT NULL,
    "detector_id" UUID NOT NULL,
    "external_id" TEXT NOT NULL,
    "predicted_class" INTEGER NOT NULL,
    "verdict" "VerdictKind" NOT NULL,
    "score" DOUBLE PRECISION NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "input_check_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "verdict" (
    "run_id" UUID NOT NULL,
    "input_id" BIGINT NOT NULL,
    "position" INTEGER NOT NULL,
    "external_id" TEXT NOT NULL,
    "label" INTEGER,
    "predicted_class" INTEGER NOT NULL,
    "oracle_class" INTEGER NOT NULL,
    "confidence" REAL NOT NULL,
    "verdict" "VerdictKind" NOT NULL,
    "score" DOUBLE PRECISION NOT NULL,
    "threshold" DOUBLE PRECISION NOT NULL,
    "misclassified" BOOLEAN,
    "fault" "Fault",
    "concepts" SMALLINT[],

    CONSTRAINT "verdict_pkey" PRIMARY KEY ("run_id","input_id")
)
PARTITION BY LIST ("run_id");

-- CreateTable
CREATE TABLE "quarantined_input" (
    "run_id" UUID NOT NULL,
    "input_id" BIGINT NOT NULL,
    "reason" TEXT NOT NULL,

    CONSTRAINT "quarantined_input_pkey" PRIMARY KEY ("run_id","input_id")
);

-- CreateTable
CREATE TABLE "specification" (
    "id" UUID NOT NULL,
    "project_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "specification_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "saved_view" (
    "id" UUID NOT NULL,
    "project_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "query" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "saved_view_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "project_slug_key" ON "project"("slug");

-- CreateIndex
CREATE UNIQUE INDEX "api_token_prefix_key" ON "api_token"("prefix");

-- CreateIndex
CREATE INDEX "api_token_project_id_idx" ON "api_token"("project_id");

-- CreateIndex
CREATE INDEX "project_artifact_sha256_idx" ON "project_artifact"("sha256");

-- CreateIndex
CREATE UNIQUE INDEX "model_project_id_name_key" ON "model"("project_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "model_version_model_id_name_key" ON "model_version"("model_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "vision_language_model_project_id_name_key" ON "vision_language_model"("project_id", "name");

-- CreateIndex
CREATE INDEX "phrase_embeddings_vision_language_model_id_idx" ON "phrase_embeddings"("vision_language_model_id");

-- CreateIndex
CREATE UNIQUE INDEX "concept_set_project_id_name_version_key" ON "concept_set"("project_id", "name", "version");

-- CreateIndex
CREATE UNIQUE INDEX "concept_concept_set_id_position_key" ON "concept"("concept_set_id", "position");

-- CreateIndex
CREATE UNIQUE INDEX "concept_concept_set_id_phrase_key" ON "concept"("concept_set_id", "phrase");

-- CreateIndex
CREATE UNIQUE INDEX "attack_type_project_id_name_key" ON "attack_type"("project_id", "name");

-- CreateIndex
CREATE INDEX "dataset_attack_type_id_idx" ON "dataset"("attack_type_id");

-- CreateIndex
CREATE INDEX "dataset_attacked_model_version_id_idx" ON "dataset"("attacked_model_version_id");

-- CreateIndex
CREATE INDEX "dataset_clean_dataset_id_idx" ON "dataset"("clean_dataset_id");

-- CreateIndex
CREATE UNIQUE INDEX "dataset_project_id_name_key" ON "dataset"("project_id", "name");

-- CreateIndex
CREATE INDEX "input_clean_input_id_idx" ON "input"("clean_input_id");

-- CreateIndex
CREATE UNIQUE INDEX "input_dataset_id_external_id_key" ON "input"("dataset_id", "external_id");

-- CreateIndex
CREATE UNIQUE INDEX "input_dataset_id_position_key" ON "input"("dataset_id", "position");

-- CreateIndex
CREATE INDEX "embedding_set_model_version_id_idx" ON "embedding_set"("model_version_id");

-- CreateIndex
CREATE INDEX "embedding_set_vision_language_model_id_idx" ON "embedding_set"("vision_language_model_id");

-- CreateIndex
CREATE UNIQUE INDEX "embedding_set_dataset_id_kind_model_version_id_vision_langu_key" ON "embedding_set"("dataset_id", "kind", "model_version_id", "vision_language_model_id") NULLS NOT DISTINCT;

-- CreateIndex
CREATE INDEX "run_project_id_created_at_idx" ON "run"("project_id", "created_at");

-- CreateIndex
CREATE INDEX "run_model_version_id_idx" ON "run"("model_version_id");

-- CreateIndex
CREATE INDEX "run_vision_language_model_id_idx" ON "run"("vision_language_model_id");

-- CreateIndex
CREATE INDEX "run_concept_set_id_idx" ON "run"("concept_set_id");

-- CreateIndex
CREATE INDEX "run_dataset_id_idx" ON "run"("dataset_id");

-- CreateIndex
CREATE INDEX "detector_run_id_idx" ON "detector"("run_id");

-- CreateIndex
CREATE UNIQUE INDEX "detector_project_id_name_version_key" ON "detector"("project_id", "name", "version");

-- CreateIndex
CREATE INDEX "input_check_detector_id_id_idx" ON "input_check"("detector_id", "id");

-- CreateIndex
CREATE INDEX "quarantined_input_input_id_idx" ON "quarantined_input"("input_id");

-- CreateIndex
CREATE UNIQUE INDEX "specification_project_id_name_key" ON "specification"("project_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "saved_view_project_id_name_key" ON "saved_view"("project_id", "name");

-- AddForeignKey
ALTER TABLE "api_token" ADD CONSTRAINT "api_token_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "project"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "project_artifact" ADD CONSTRAINT "project_artifact_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "project"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "project_artifact" ADD CONSTRAINT "project_artifact_sha256_fkey" FOREIGN KEY ("sha256") REFERENCES "artifact"("sha256") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "model" ADD CONSTRAINT "model_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "project"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "model_version" ADD CONSTRAINT "model_version_model_id_fkey" FOREIGN KEY ("model_id") REFERENCES "model"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "vision_language_model" ADD CONSTRAINT "vision_language_model_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "project"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "phrase_embeddings" ADD CONSTRAINT "phrase_embeddings_vision_language_model_id_fkey" FOREIGN KEY ("vision_language_model_id") REFERENCES "vision_language_model"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "concept_set" ADD CONSTRAINT "concept_set_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "project"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "concept" ADD CONSTRAINT "concept_concept_set_id_fkey" FOREIGN KEY ("concept_set_id") REFERENCES "concept_set"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "attack_type" ADD CONSTRAINT "attack_type_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "project"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "dataset" ADD CONSTRAINT "dataset_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "project"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "dataset" ADD CONSTRAINT "dataset_attack_type_id_fkey" FOREIGN KEY ("attack_type_id") REFERENCES "attack_type"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "dataset" ADD CONSTRAINT "dataset_attacked_model_version_id_fkey" FOREIGN KEY ("attacked_model_version_id") REFERENCES "model_version"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "dataset" ADD CONSTRAINT "dataset_clean_dataset_id_fkey" FOREIGN KEY ("clean_dataset_id") REFERENCES "dataset"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "input" ADD CONSTRAINT "input_dataset_id_fkey" FOREIGN KEY ("dataset_id") REFERENCES "dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "input" ADD CONSTRAINT "input_clean_input_id_fkey" FOREIGN KEY ("clean_input_id") REFERENCES "input"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "embedding_set" ADD CONSTRAINT "embedding_set_dataset_id_fkey" FOREIGN KEY ("dataset_id") REFERENCES "dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "embedding_set" ADD CONSTRAINT "embedding_set_model_version_id_fkey" FOREIGN KEY ("model_version_id") REFERENCES "model_version"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "embedding_set" ADD CONSTRAINT "embedding_set_vision_language_model_id_fkey" FOREIGN KEY ("vision_language_model_id") REFERENCES "vision_language_model"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run" ADD CONSTRAINT "run_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "project"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run" ADD CONSTRAINT "run_model_version_id_fkey" FOREIGN KEY ("model_version_id") REFERENCES "model_version"("id") ON DELETE NO ACTION ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run" ADD CONSTRAINT "run_vision_language_model_id_fkey" FOREIGN KEY ("vision_language_model_id") REFERENCES "vision_language_model"("id") ON DELETE NO ACTION ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run" ADD CONSTRAINT "run_concept_set_id_fkey" FOREIGN KEY ("concept_set_id") REFERENCES "concept_set"("id") ON DELETE NO ACTION ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run" ADD CONSTRAINT "run_dataset_id_fkey" FOREIGN KEY ("dataset_id") REFERENCES "dataset"("id") ON DELETE NO ACTION ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run_progress" ADD CONSTRAINT "run_progress_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run_report" ADD CONSTRAINT "run_report_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "class_report" ADD CONSTRAINT "class_report_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "fault_pair" ADD CONSTRAINT "fault_pair_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "heatmap" ADD CONSTRAINT "heatmap_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "detector_metric" ADD CONSTRAINT "detector_metric_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "detector" ADD CONSTRAINT "detector_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "project"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "detector" ADD CONSTRAINT "detector_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "input_check" ADD CONSTRAINT "input_check_detector_id_fkey" FOREIGN KEY ("detector_id") REFERENCES "detector"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "quarantined_input" ADD CONSTRAINT "quarantined_input_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "quarantined_input" ADD CONSTRAINT "quarantined_input_input_id_fkey" FOREIGN KEY ("input_id") REFERENCES "input"("id") ON DELETE NO ACTION ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "specification" ADD CONSTRAINT "specification_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "project"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "saved_view" ADD CONSTRAINT "saved_view_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "project"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Written by hand from here on: what schema.prisma cannot say.

-- One partition a run, outside the schema that Prisma manages. packages/db/src/verdict-publication.ts fills a
-- detached table by COPY, indexes it and attaches it in the transaction that ends the run.
-- verdict has no foreign keys: to input, they would cost a lookup for every copied row; to run, a scan of the
-- partition under lock when it is attached. The triggers below keep what they would have kept.
CREATE SCHEMA "verdict_partition";

CREATE FUNCTION "drop_verdict_partitions"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    partition regclass;
BEGIN
    FOR partition IN
        SELECT "inhrelid"::regclass FROM "pg_inherits"
        JOIN "pg_class" ON "pg_class"."oid" = "inhrelid"
        WHERE "inhparent" = 'verdict'::regclass AND starts_with("relname", OLD."id"::text)
    LOOP
        EXECUTE format('DROP TABLE %s', partition);
    END LOOP;
    RETURN NULL;
END
$$;

CREATE TRIGGER "run_drop_verdict_partitions" AFTER DELETE ON "run"
    FOR EACH ROW EXECUTE FUNCTION "drop_verdict_partitions"();

-- Every partition gets these when it is attached. run_id is constant in a partition, so no index needs it.
CREATE INDEX "verdict_score_idx" ON "verdict"("score", "input_id");
CREATE INDEX "verdict_verdict_score_idx" ON "verdict"("verdict", "score", "input_id");
CREATE INDEX "verdict_misclassified_score_idx" ON "verdict"("score", "input_id") WHERE "misclassified";
CREATE INDEX "verdict_fault_score_idx" ON "verdict"("fault", "score", "input_id") WHERE "fault" <> 'NONE';
CREATE INDEX "verdict_classes_score_idx" ON "verdict"("label", "predicted_class", "score", "input_id");
CREATE INDEX "verdict_predicted_class_score_idx" ON "verdict"("predicted_class", "score", "input_id");
CREATE INDEX "verdict_external_id_idx" ON "verdict"("external_id");
CREATE INDEX "verdict_concepts_idx" ON "verdict" USING GIN ("concepts");

-- Counts are not negative, shares and rates lie in [0, 1].
ALTER TABLE "artifact"
    ADD CONSTRAINT "artifact_bytes_check" CHECK ("bytes" >= 0),
    ADD CONSTRAINT "artifact_sha256_check" CHECK ("sha256" ~ '^[0-9a-f]{64}$');
ALTER TABLE "model_version"
    ADD CONSTRAINT "model_version_embedding_width_check" CHECK ("embedding_width" > 0),
    ADD CONSTRAINT "model_version_classes_check" CHECK (cardinality("classes") >= 2);
ALTER TABLE "vision_language_model"
    ADD CONSTRAINT "vision_language_model_embedding_width_check" CHECK ("embedding_width" > 0);
ALTER TABLE "concept_set"
    ADD CONSTRAINT "concept_set_version_check" CHECK ("version" >= 1);
ALTER TABLE "concept"
    ADD CONSTRAINT "concept_position_check" CHECK ("position" >= 0);
ALTER TABLE "attack_type"
    ADD CONSTRAINT "attack_type_epsilon_check" CHECK ("epsilon" >= 0),
    ADD CONSTRAINT "attack_type_steps_check" CHECK ("steps" >= 0);
ALTER TABLE "dataset"
    ADD CONSTRAINT "dataset_input_count_check" CHECK ("input_count" >= 0);
ALTER TABLE "input"
    ADD CONSTRAINT "input_position_check" CHECK ("position" >= 0),
    ADD CONSTRAINT "input_label_check" CHECK ("label" >= 0);
ALTER TABLE "embedding_set"
    ADD CONSTRAINT "embedding_set_shape_check" CHECK ("rows" >= 0 AND "columns" > 0);
ALTER TABLE "shard_result"
    ADD CONSTRAINT "shard_result_rows_check" CHECK ("rows" >= 0);
ALTER TABLE "run"
    ADD CONSTRAINT "run_attempt_check" CHECK ("attempt" >= 1);
ALTER TABLE "run_progress"
    ADD CONSTRAINT "run_progress_done_check" CHECK ("done" >= 0 AND "total" >= 0);
ALTER TABLE "run_report"
    ADD CONSTRAINT "run_report_counts_check" CHECK ("inputs" >= 0 AND "labelled" BETWEEN 0 AND "inputs" AND "misclassified" BETWEEN 0 AND "labelled"
        AND "quarantined_count" >= 0 AND "encoder_faults" >= 0 AND "head_faults" >= 0 AND "undecided_faults" >= 0
        AND "concept_count" BETWEEN 0 AND cardinality("axis")),
    ADD CONSTRAINT "run_report_accuracy_check" CHECK ("accuracy" BETWEEN 0 AND 1 AND "accuracy_low" BETWEEN 0 AND 1 AND "accuracy_high" BETWEEN 0 AND 1);
ALTER TABLE "class_report"
    ADD CONSTRAINT "class_report_counts_check" CHECK ("class_index" >= 0 AND "correct" BETWEEN 0 AND "inputs"
        AND "encoder_faults" >= 0 AND "head_faults" >= 0 AND "undecided_faults" >= 0);
ALTER TABLE "fault_pair"
    ADD CONSTRAINT "fault_pair_counts_check" CHECK ("true_class" >= 0 AND "predicted_class" >= 0 AND "inputs" >= 0
        AND "encoder_faults" >= 0 AND "head_faults" >= 0 AND "undecided_faults" >= 0);
ALTER TABLE "heatmap"
    ADD CONSTRAINT "heatmap_inputs_check" CHECK ("class_index" >= -1 AND "inputs" >= 0);
ALTER TABLE "detector_metric"
    ADD CONSTRAINT "detector_metric_counts_check" CHECK ("positives" >= 0 AND "negatives" >= 0),
    ADD CONSTRAINT "detector_metric_rates_check" CHECK ("auroc" BETWEEN 0 AND 1 AND "auroc_low" BETWEEN 0 AND 1 AND "auroc_high" BETWEEN 0 AND 1
        AND "aupr_in" BETWEEN 0 AND 1 AND "aupr_out" BETWEEN 0 AND 1 AND "fpr95" BETWEEN 0 AND 1 AND "aurc" BETWEEN 0 AND 1);
ALTER TABLE "detector"
    ADD CONSTRAINT "detector_version_check" CHECK ("version" >= 1),
    ADD CONSTRAINT "detector_false_alarm_rate_check" CHECK ("false_alarm_rate" BETWEEN 0 AND 1);
ALTER TABLE "input_check"
    ADD CONSTRAINT "input_check_predicted_class_check" CHECK ("predicted_class" >= 0);
ALTER TABLE "verdict"
    ADD CONSTRAINT "verdict_classes_check" CHECK ("position" >= 0 AND "label" >= 0 AND "predicted_class" >= 0 AND "oracle_class" >= 0),
    ADD CONSTRAINT "verdict_confidence_check" CHECK ("confidence" BETWEEN 0 AND 1);
