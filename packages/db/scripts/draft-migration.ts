// Prints the SQL that takes the migrations in prisma/migrations to prisma/schema.prisma, as a draft to
// edit by hand: npm run draft-migration -w @faultline/db
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { startEmbeddedPostgres } from "../src/embedded-postgres.ts";
import { migrate } from "../src/migrate.ts";
import { schemaDifference } from "./schema-engine.ts";

const dataDirectory = await mkdtemp(path.join(tmpdir(), "faultline-draft-"));
const server = await startEmbeddedPostgres({ dataDirectory, settings: { fsync: "off" } });
try {
  await migrate(server.url);
  process.stdout.write(await schemaDifference(server.url));
} finally {
  await server.stop();
  await rm(dataDirectory, { recursive: true, force: true });
}
