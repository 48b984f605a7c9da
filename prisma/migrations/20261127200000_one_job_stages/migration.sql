-- A stage that is one job for the whole run has a row without a range of inputs: it is no shard.
ALTER TABLE "run_shard" ALTER COLUMN "dataset_id" DROP NOT NULL;
ALTER TABLE "run_shard" ALTER COLUMN "first_position" DROP NOT NULL;
ALTER TABLE "run_shard" ALTER COLUMN "end_position" DROP NOT NULL;
UPDATE "run_shard" SET "dataset_id" = NULL, "first_position" = NULL, "end_position" = NULL
WHERE "stage" NOT IN ('EMBED', 'STRENGTHS');
