import { exportVerdicts, readVerdicts } from "@faultline/db";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { accessOf } from "../access/request-access.ts";
import { parse } from "../errors.ts";
import { Places } from "../places.ts";
import { requireRun, requireSucceeded } from "../runs/require-run.ts";
import type { Services } from "../services.ts";
import type { Condition } from "../verdicts/condition.ts";
import { verdictCondition } from "../verdicts/verdict-filter.ts";
import type { RunNames } from "../verdicts/verdict-page.ts";
import { unlimited } from "./deadline.ts";
import { withStallTimeout } from "./stall-timeout.ts";
import { verdictParquet } from "./verdict-parquet.ts";

interface ExportRoute {
  Params: { id: string };
  Querystring: Record<string, unknown>;
}

type Format = "ndjson" | "csv" | "parquet";

const mediaTypes: Record<Format, string> = {
  ndjson: "application/x-ndjson; charset=utf-8",
  csv: "text/csv; charset=utf-8; header=present",
  parquet: "application/vnd.apache.parquet",
};

/** How long a reader may take nothing before it is disconnected, in milliseconds. */
const defaultStallTimeout = 30_000;

/**
 * `GET /runs/:id/verdicts.{ndjson,csv,parquet}`: all verdicts of a finished run that match, in order of input,
 * as a stream. The parameters are those of GraphQL's VerdictFilter; `fault` may come more than once, or with
 * commas. An export that fails midway ends with a broken connection, never as if it were complete; so does one whose
 * reader takes nothing for 30 s. In CSV, texts that a spreadsheet would run as formulas have an apostrophe in front.
 *
 * @param stallTimeout how long a reader may take nothing, in milliseconds
 */
export function addVerdictExport(
  fastify: FastifyInstance,
  services: Services,
  stallTimeout = defaultStallTimeout,
): void {
  // Each holds some pages of verdicts in memory, and a database connection while it reads one.
  const exports = new Places("exports", { atOnce: 12, waiting: 0, ofOneTenant: 4 });
  for (const format of Object.keys(mediaTypes) as Format[])
    fastify.get<ExportRoute>(
      `/runs/:id/verdicts.${format}`,
      // A HEAD would compute the whole export.
      { ...unlimited, exposeHeadRoute: false },
      async (request, reply) => {
        const { run, condition, fileName } = await exportOf(request, services);
        const leave = await exports.enter(run.projectId);
        const stream = withStallTimeout(verdicts(run.id, condition, format, services), stallTimeout);
        stream.once("close", leave);
        return reply
          .type(mediaTypes[format])
          .header("content-disposition", `attachment; filename="${fileName}.${format}"`)
          .send(stream);
      },
    );
}

function verdicts(runId: string, condition: Condition, format: Format, { pool }: Services) {
  if (format !== "parquet") return exportVerdicts(pool, runId, condition, format);
  return verdictParquet(readVerdicts(pool, runId, condition));
}

/** @throws UnauthenticatedError, ForbiddenError, NotFoundError, ValidationError, ConflictError */
async function exportOf(request: FastifyRequest<ExportRoute>, services: Services) {
  const access = await accessOf(request, services);
  access.require("READ");
  const run = await requireRun({ ...services, access }, request.params.id, "id");
  const filter = parse(filterSchema(run), request.query, "query");
  requireSucceeded(run, "id");
  const fileName = `verdicts-${run.name.replace(/[^\w.-]+/g, "-")}`;
  return { run, condition: verdictCondition(run.id, filter, run), fileName };
}

const number = z
  .string()
  .regex(/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, "Give a number.")
  .transform(Number)
  .refine(Number.isFinite, "Give a finite number.");

/** VerdictFilter as query parameters. Unknown parameters are refused: a typo must not widen an export. */
function filterSchema({ classes, axis }: RunNames) {
  const className = nameAmong(classes, "class");
  return z.strictObject({
    verdict: z.enum(["OK", "DEFECT"], "Give OK or DEFECT.").optional(),
    fault: z
      .union([z.string(), z.array(z.string())])
      .transform((given) => [given].flat().flatMap((one) => one.split(",")))
      .pipe(
        z.array(z.enum(["NONE", "ENCODER", "HEAD", "UNDECIDED"], "Give NONE, ENCODER, HEAD or UNDECIDED.")),
      )
      .optional(),
    trueClass: className.optional(),
    predictedClass: className.optional(),
    misclassified: z
      .enum(["true", "false"], "Give true or false.")
      .transform((given) => given === "true")
      .optional(),
    minimumScore: number.optional(),
    maximumScore: number.optional(),
    concept: nameAmong(axis, "phrase").optional(),
    externalIdPrefix: z.string("Give it once.").optional(),
  });
}

function nameAmong(names: readonly string[], what: string) {
  return z.string("Give it once.").refine((name) => names.includes(name), {
    error: ({ input }) =>
      `There is no ${what} "${String(input)}" in this run. There are: ${names.join(", ")}.`,
  });
}
