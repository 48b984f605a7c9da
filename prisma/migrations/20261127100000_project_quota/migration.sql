-- Storage that a project may fill, and what its unfinished uploads have been promised of it.

ALTER TABLE "project" ADD COLUMN "quota_bytes" BIGINT CHECK ("quota_bytes" >= 0);

CREATE TABLE "unfinished_upload" (
    "project_id" UUID NOT NULL,
    "sha256" CHAR(64) NOT NULL,
    "reserved_bytes" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "unfinished_upload_pkey" PRIMARY KEY ("project_id","sha256")
);

ALTER TABLE "unfinished_upload" ADD CONSTRAINT "unfinished_upload_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "project"("id") ON DELETE CASCADE ON UPDATE CASCADE;
