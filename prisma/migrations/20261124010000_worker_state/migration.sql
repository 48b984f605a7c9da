-- What workers remember of a run between its jobs, and which workers are alive.

CREATE TABLE "run_shard" (
    "run_id" UUID NOT NULL,
    "stage" "RunStage" NOT NULL,
    "shard" INTEGER NOT NULL,
    "dataset_id" UUID NOT NULL,
    "first_position" INTEGER NOT NULL,
    "end_position" INTEGER NOT NULL,
    "inputs" INTEGER NOT NULL,
    "result" JSONB,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "run_shard_pkey" PRIMARY KEY ("run_id","stage","shard")
);

CREATE TABLE "worker_process" (
    "id" SERIAL NOT NULL,
    "host" TEXT NOT NULL,
    "pid" INTEGER NOT NULL,
    "queue_worker_ids" TEXT[],
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "worker_process_pkey" PRIMARY KEY ("id")
);

ALTER TABLE "run_shard" ADD CONSTRAINT "run_shard_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "run_shard"
    ADD CONSTRAINT "run_shard_range_check" CHECK ("shard" >= 0 AND "first_position" >= 0 AND "end_position" >= "first_position" AND "inputs" >= 0);
