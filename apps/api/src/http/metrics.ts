import type { ApolloServerPlugin } from "@apollo/server";
import type { FastifyInstance } from "fastify";
import { getOperationAST, Kind, type OperationDefinitionNode } from "graphql";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { accessOf } from "../access/request-access.ts";
import type { Context } from "../context.ts";
import { ForbiddenError } from "../errors.ts";
import type { Services } from "../services.ts";

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/**
 * `GET /metrics` for Prometheus: requests by route, GraphQL operations by their first field, the job queue, runs,
 * verdicts, database connections, and Node's own. It tells about all projects, so it needs a token of the
 * installation (Prometheus sends one with `authorization: {credentials: flt_...}`).
 *
 * @returns the plugin that measures GraphQL operations, for the Apollo server
 */
export function addMetrics(fastify: FastifyInstance, services: Services): ApolloServerPlugin<Context> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  addRequestMetrics(fastify, registry);
  addDatabaseMetrics(services, registry);

  fastify.get("/metrics", async (request, reply) => {
    const access = await accessOf(request, services);
    access.require("READ");
    if (access.token?.projectId) throw new ForbiddenError("ADMIN");
    return reply
      .type(registry.contentType)
      .header("cache-control", "no-store")
      .send(await registry.metrics());
  });
  return operationMetrics(registry);
}

function addRequestMetrics(fastify: FastifyInstance, registry: Registry): void {
  const durations = new Histogram({
    name: "faultline_http_request_duration_seconds",
    help: "Time until the last byte of the answer, by route.",
    labelNames: ["method", "route", "status"] as const,
    buckets: seconds,
    registers: [registry],
  });
  fastify.addHook("onResponse", async (request, reply) => {
    // The route's pattern, not its address: one series a route.
    const route = request.routeOptions.url ?? "none";
    durations.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
  });
}

function operationMetrics(registry: Registry): ApolloServerPlugin<Context> {
  const labelNames = ["type", "field"] as const;
  const durations = new Histogram({
    name: "faultline_graphql_operation_duration_seconds",
    help: "Duration of GraphQL operations, by type and first field.",
    labelNames,
    buckets: seconds,
    registers: [registry],
  });
  const errors = new Counter({
    name: "faultline_graphql_errors_total",
    help: "Top-level errors in answers to GraphQL operations, by code.",
    labelNames: [...labelNames, "code"] as const,
    registers: [registry],
  });
  return {
    async requestDidStart() {
      const start = process.hrtime.bigint();
      return {
        async willSendResponse({ document, operationName, errors: failures, response }) {
          const operation = document && getOperationAST(document, operationName);
          // Names of operations are the client's to choose, and would make a series each. A field that the
          // schema does not have is one too.
          const invalid =
            failures !== undefined &&
            response.body.kind === "single" &&
            !("data" in response.body.singleResult);
          const labels =
            operation && !invalid
              ? { type: operation.operation, field: firstField(operation) }
              : { type: "invalid", field: "none" };
          durations.observe(labels, Number(process.hrtime.bigint() - start) / 1e9);
          const shown = response.body.kind === "single" ? (response.body.singleResult.errors ?? []) : [];
          for (const { extensions } of shown)
            errors.inc({ ...labels, code: String(extensions?.code ?? "UNKNOWN") });
        },
      };
    },
  };
}

/** What an operation is told by: its name is the client's to choose. */
export function firstField({ selectionSet }: OperationDefinitionNode): string {
  const first = selectionSet.selections.find((selection) => selection.kind === Kind.FIELD);
  return first?.name.value ?? "fragment";
}

/** Read when Prometheus asks; every query here is bounded by runs and waiting jobs, never by verdicts. */
function addDatabaseMetrics({ pool }: Services, registry: Registry): void {
  const registers = [registry];
  new Gauge({
    name: "faultline_jobs",
    help: "Jobs of the queue by task: waiting, delayed (a retry or a later start), running, or failed for good.",
    labelNames: ["task", "state"] as const,
    registers,
    async collect() {
      const { rows } = await pool.query<{ task: string; state: string; count: number }>(
        `SELECT task_identifier AS task,
           CASE WHEN locked_at IS NOT NULL THEN 'running' WHEN attempts >= max_attempts THEN 'failed'
             WHEN run_at > now() THEN 'delayed' ELSE 'waiting' END AS state, count(*)::int
         FROM graphile_worker.jobs GROUP BY 1, 2`,
      );
      this.reset();
      for (const { task, state, count } of rows) this.set({ task, state }, count);
    },
  });
  new Gauge({
    name: "faultline_runs",
    help: "Runs by status.",
    labelNames: ["status"] as const,
    registers,
    async collect() {
      const { rows } = await pool.query<{ status: string; count: number }>(
        "SELECT status, count(*)::int FROM run GROUP BY 1",
      );
      this.reset();
      for (const { status, count } of rows) this.set({ status }, count);
    },
  });
  new Gauge({
    name: "faultline_verdicts",
    help: "Verdicts of finished runs by fault; OTHER: classified correctly, or unlabelled.",
    labelNames: ["fault"] as const,
    registers,
    async collect() {
      const { rows } = await pool.query<Record<"ENCODER" | "HEAD" | "UNDECIDED" | "OTHER", string>>(
        `SELECT coalesce(sum(encoder_faults), 0) AS "ENCODER", coalesce(sum(head_faults), 0) AS "HEAD",
           coalesce(sum(undecided_faults), 0) AS "UNDECIDED",
           coalesce(sum(inputs - encoder_faults - head_faults - undecided_faults), 0) AS "OTHER"
         FROM run_report`,
      );
      for (const [fault, count] of Object.entries(rows[0])) this.set({ fault }, Number(count));
    },
  });
  new Gauge({
    name: "faultline_database_connections",
    help: "Connections of this process: open, idle, and requests that wait for one.",
    labelNames: ["state"] as const,
    registers,
    collect() {
      this.set({ state: "open" }, pool.totalCount);
      this.set({ state: "idle" }, pool.idleCount);
      this.set({ state: "awaited" }, pool.waitingCount);
    },
  });
}
