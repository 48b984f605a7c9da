-- Things can be deleted, and what nothing names any more leaves the artifact store.

-- When the project last uploaded it or was about to refer to it: until a day later it stays, named or not.
ALTER TABLE "project_artifact" ADD COLUMN "used_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- When a run last took it from the cache.
ALTER TABLE "shard_result" ADD COLUMN "used_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- Until now only the job that reads it knew the manifest's hash.
ALTER TABLE "dataset" ADD COLUMN "manifest_sha256" CHAR(64);

-- Where the sweep of the artifact store stands: one row. Its id claims the store for this database.
CREATE TABLE "artifact_sweep" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "marked_at" TIMESTAMPTZ(3),
    "next_prefix" INTEGER NOT NULL DEFAULT 256,

    CONSTRAINT "artifact_sweep_pkey" PRIMARY KEY ("id")
);

-- What was named when the sweep began, and by which project (the zero id: by none alone). Logged, because a table
-- that a crash empties would have everything swept.
CREATE TABLE "artifact_mark" (
    "sha256" CHAR(64) NOT NULL,
    "project_id" UUID NOT NULL,

    CONSTRAINT "artifact_mark_pkey" PRIMARY KEY ("sha256","project_id")
);

INSERT INTO "artifact_sweep" DEFAULT VALUES;
CREATE UNIQUE INDEX "artifact_sweep_single_key" ON "artifact_sweep"((true));
ALTER TABLE "artifact_sweep"
    ADD CONSTRAINT "artifact_sweep_next_prefix_check" CHECK ("next_prefix" BETWEEN 0 AND 256);

-- To drop a partition locks the parent against every reader of every run, and waits behind the slowest of them while
-- all others wait behind it. So the deletion of a run leaves that to a job, which detaches the partition first
-- (packages/db/src/verdict-removal.ts); nobody can ask for the verdicts of a run that is gone.
DROP TRIGGER "run_drop_verdict_partitions" ON "run";
DROP FUNCTION "drop_verdict_partitions"();

CREATE FUNCTION "leave_verdicts_to_a_job"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- One after another: PostgreSQL detaches one partition of a table at a time.
    PERFORM graphile_worker.add_job('drop-verdicts', json_build_object('runId', OLD."id"), queue_name => 'drop-verdicts');
    -- Who watches or remembers the run.
    PERFORM pg_notify('faultline_run', OLD."id"::text);
    RETURN NULL;
END
$$;

CREATE TRIGGER "run_leave_verdicts_to_a_job" AFTER DELETE ON "run"
    FOR EACH ROW EXECUTE FUNCTION "leave_verdicts_to_a_job"();
