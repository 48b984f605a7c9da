import { readMigrations } from "@faultline/db";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { Services } from "../services.ts";

/** Longest wait for one part, in milliseconds. */
const checkTimeout = 3000;

/**
 * `GET /healthz`: the process lives. `GET /readyz`: it can serve, that is, the database answers, carries exactly
 * the migrations of this version, and the artifact store takes something new and gives it back; 503 otherwise.
 * Both are open and name no secrets; reasons are in the log. Who asks while they are under way is told their result too.
 */
export function addHealth(fastify: FastifyInstance, { pool, artifactStore }: Services): void {
  const checks = {
    database: async () => {
      await pool.query("SELECT 1");
    },
    migrations: async () => {
      const wanted = await readMigrations();
      const { rows } = await pool.query<{ name: string; checksum: string }>(
        `SELECT migration_name AS name, checksum FROM "_prisma_migrations"
         WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`,
      );
      const applied = new Map(rows.map(({ name, checksum }) => [name, checksum]));
      const missing = wanted.filter(({ name, checksum }) => applied.get(name) !== checksum);
      if (missing.length > 0)
        throw new Error(`not applied: ${missing.map(({ name }) => name).join(", ")}; call migrate(url)`);
    },
    artifactStore: () => artifactStore.assertWritable(),
  };

  fastify.get("/healthz", async (_request, reply) =>
    reply.header("cache-control", "no-store").send({ status: "alive" }),
  );

  const runChecks = (log: FastifyBaseLogger) =>
    Promise.all(
      Object.entries(checks).map(async ([name, check]) => {
        try {
          await within(checkTimeout, check());
          return [name, "ready"] as const;
        } catch (err) {
          log.error({ err, check: name }, "not ready");
          return [name, "failed"] as const;
        }
      }),
    );
  // They write to the disk, and anybody may ask for them: one at a time.
  let running: ReturnType<typeof runChecks> | undefined;

  fastify.get("/readyz", async (request, reply) => {
    running ??= runChecks(request.log).finally(() => {
      running = undefined;
    });
    const results = await running;
    const ready = results.every(([, result]) => result === "ready");
    return reply
      .code(ready ? 200 : 503)
      .header("cache-control", "no-store")
      .send({ status: ready ? "ready" : "not ready", checks: Object.fromEntries(results) });
  });
}

async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
