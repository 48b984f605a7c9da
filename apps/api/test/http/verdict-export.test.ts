import { randomBytes } from "node:crypto";
import { publishVerdicts, type VerdictRow } from "@faultline/db";
import { encodeGlobalID } from "@pothos/plugin-relay";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type ApiUnderTest, startApiUnderTest } from "../api-under-test.ts";
import { axis, classes, createWorld, type FinishedRun, finishRun, type World } from "../finished-run.ts";

let api: ApiUnderTest;
let world: World;
let run: FinishedRun;
let reader: string;
/** Another project, with a run of its own. */
let neighbours: FinishedRun;
let neighboursReader: string;

beforeAll(async () => {
  api = await startApiUnderTest({ exportStallTimeout: 3_000 });
  world = await createWorld(api, "exports");
  run = await finishRun(api, world, { seed: 4 });
  reader = await api.token(["READ"], world.projectId);
  const other = await createWorld(api, "neighbours");
  neighbours = await finishRun(api, other, { seed: 5 });
  neighboursReader = await api.token(["READ"], other.projectId);
});
afterAll(() => api.close());

function get(file: string, runId = run.id, token: string | null = reader) {
  return fetch(`${api.url}/runs/${encodeGlobalID("Run", runId)}/${file}`, {
    headers: token ? { authorization: `Bearer ${token}` } : {},
  });
}

async function refusal(response: Response) {
  const { errors } = (await response.json()) as { errors: { message: string; extensions: object }[] };
  return { status: response.status, message: errors[0].message, ...errors[0].extensions };
}

function expected({ label, ...row }: VerdictRow) {
  return {
    externalId: row.externalId,
    position: row.position,
    trueClass: label === null ? null : classes[label],
    predictedClass: classes[row.predictedClass],
    oracleClass: classes[row.oracleClass],
    confidence: expect.closeTo(row.confidence, 5),
    verdict: row.verdict,
    score: row.score,
    threshold: row.threshold < Number.MAX_VALUE ? row.threshold : null,
    misclassified: row.misclassified,
    fault: row.fault,
    concepts: Array.from(row.concepts, (index) => axis[index]),
  };
}

async function ndjson(query = "", runId = run.id) {
  const response = await get(`verdicts.ndjson${query}`, runId);
  expect(response.status).toBe(200);
  const lines = (await response.text()).split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as ReturnType<typeof expected>);
}

test("NDJSON carries every verdict, by name and in order", async () => {
  expect(await ndjson()).toEqual(run.verdicts.map(expected));
  const { headers } = await get("verdicts.ndjson");
  expect(headers.get("content-type")).toContain("application/x-ndjson");
  expect(headers.get("content-disposition")).toBe('attachment; filename="verdicts-run-4.ndjson"');
});

test("CSV has a header and as many rows", async () => {
  const lines = (await (await get("verdicts.csv")).text()).trimEnd().split("\n");
  expect(lines[0]).toBe(
    "externalId,position,trueClass,predictedClass,oracleClass,confidence,verdict,score,threshold,misclassified,fault,concepts",
  );
  expect(lines).toHaveLength(run.verdicts.length + 1);
  expect(lines[1].split(",")[0]).toBe(run.verdicts[0].externalId);
});

test("Parquet holds the same, typed", async () => {
  const file = await (await get("verdicts.parquet")).arrayBuffer();
  expect(await parquetReadObjects({ file })).toEqual(run.verdicts.map(expected));
  const empty = await (await get("verdicts.parquet?externalIdPrefix=none-such")).arrayBuffer();
  expect(parquetMetadata(empty).num_rows).toBe(0n);
});

test.each([
  ["verdict=DEFECT", (v: VerdictRow) => v.verdict === "DEFECT"],
  ["fault=ENCODER,HEAD", (v: VerdictRow) => v.fault === "ENCODER" || v.fault === "HEAD"],
  ["fault=ENCODER&fault=NONE", (v: VerdictRow) => v.fault === "ENCODER" || v.fault === "NONE"],
  ["trueClass=car&predictedClass=plane", (v: VerdictRow) => v.label === 1 && v.predictedClass === 2],
  ["misclassified=true", (v: VerdictRow) => v.misclassified === true],
  ["misclassified=false&minimumScore=0", (v: VerdictRow) => v.misclassified === false && v.score >= 0],
  ["maximumScore=-1e-3", (v: VerdictRow) => v.score <= -0.001],
  ["concept=wings", (v: VerdictRow) => Array.from(v.concepts).includes(1)],
  ["externalIdPrefix=photo-9", (v: VerdictRow) => v.externalId.startsWith("photo-9")],
  [`externalIdPrefix=${encodeURIComponent("' OR true --")}`, () => false],
])("filters by %s as GraphQL does", async (query, matches) => {
  const wanted = run.verdicts.filter(matches).map(expected);
  if (!query.includes("OR")) expect(wanted.length).toBeGreaterThan(0);
  expect(wanted.length).toBeLessThan(run.verdicts.length);
  expect(await ndjson(`?${query}`)).toEqual(wanted);
});

test.each([
  ["trueClass=bicycle", "query.trueClass", "truck, car, plane"],
  ["concept=horns", "query.concept", "wheels, wings"],
  ["verdict=defect", "query.verdict", "OK or DEFECT"],
  ["fault=ENCODER,BOTH", "query.fault.1", "UNDECIDED"],
  ["minimumScore=", "query.minimumScore", "number"],
  ["minimumScore=1e999", "query.minimumScore", "finite"],
  ["misclassified=yes", "query.misclassified", "true or false"],
  ["trueclass=car", "query", "trueclass"],
  ["concept=wings&concept=wheels", "query.concept", "once"],
])("refuses ?%s, naming %s", async (query, field, remedy) => {
  expect(await refusal(await get(`verdicts.csv?${query}`))).toMatchObject({
    status: 400,
    code: "BAD_USER_INPUT",
    issues: [{ field, message: expect.stringContaining(remedy) }],
  });
});

test("needs a token that reaches the run, and a run that has succeeded", async () => {
  expect((await get("verdicts.csv", run.id, null)).status).toBe(401);
  const other = await api.database.prisma.project.create({ data: { slug: "foreign", name: "Foreign" } });
  const stranger = await api.token(["ADMIN"], other.id);
  expect(await refusal(await get("verdicts.csv", run.id, stranger))).toMatchObject({
    status: 404,
    field: "id",
  });
  expect((await get("verdicts.xlsx")).status).toBe(404);
  const running = await unfinishedRun();
  expect(await refusal(await get("verdicts.ndjson", running))).toMatchObject({
    status: 409,
    message: expect.stringContaining("RUNNING"),
  });
});

async function unfinishedRun(): Promise<string> {
  const { id, ...row } = await api.database.prisma.run.findUniqueOrThrow({ where: { id: run.id } });
  const copy = {
    ...row,
    name: "unfinished",
    status: "RUNNING" as const,
    finishedAt: null,
    configuration: {},
  };
  return (await api.database.prisma.run.create({ data: copy })).id;
}

describe("a large export", () => {
  const rows = 60_000;
  let large: string;

  beforeAll(async () => {
    large = await unfinishedRun();
    const input = await api.database.prisma.input.findFirstOrThrow({ where: { datasetId: world.datasetId } });
    function* verdicts(): Generator<VerdictRow> {
      const row = { ...run.verdicts[0] };
      for (let position = 0; position < rows; position++)
        yield {
          ...row,
          inputId: input.id + BigInt(position),
          position,
          externalId: `row ${position} ${randomBytes(128).toString("hex")}`,
        };
    }
    const report = await api.database.prisma.runReport.findUniqueOrThrow({ where: { runId: run.id } });
    await api.database.prisma.runReport.create({ data: { ...report, runId: large, details: {} } });
    await publishVerdicts(api.database.pool, { runId: large, attempt: 1, verdicts: verdicts() });
  });

  test("Parquet comes in several row groups and is complete", async () => {
    const response = await get("verdicts.parquet", large);
    if (response.status !== 200) throw new Error(await response.text());
    const metadata = parquetMetadata(await response.arrayBuffer());
    expect(metadata.num_rows).toBe(BigInt(rows));
    expect(metadata.row_groups.length).toBeGreaterThan(1);
  });

  test.each(["ndjson", "csv", "parquet"])(
    "12: %s: readers that stall hold no connection, and are disconnected",
    async (format) => {
      const stalled = await Promise.all(Array.from({ length: 4 }, () => get(`verdicts.${format}`, large)));
      const { pool } = api.database;
      await vi.waitFor(() => expect(pool.idleCount).toBe(pool.totalCount), 30_000);
      // They take nothing, and give up all their places in the end.
      await vi.waitFor(async () => {
        const small = Array.from({ length: 4 }, () => get("verdicts.csv?externalIdPrefix=none"));
        for (const response of await Promise.all(small)) {
          await response.text();
          expect(response.status).toBe(200);
        }
      }, 30_000);
      for (const response of stalled)
        await expect(response.text().then(({ length }) => length)).rejects.toThrow();
    },
    90_000,
  );

  test.each(["ndjson", "parquet"])("%s: a failure midway breaks the connection off", async (format) => {
    const response = await get(`verdicts.${format}`, large);
    await api.database.prisma.run.update({ where: { id: large }, data: { attempt: { increment: 1 } } });
    await expect(response.text()).rejects.toThrow();
  });

  test("12: only a few of a project run at once, whose others are told to wait; another project's do not", async () => {
    // The answers and not their bodies alone: fetch cancels a body whose answer was collected as garbage.
    const underWay: Response[] = [];
    for (let i = 0; i < 4; i++) {
      const response = await get("verdicts.ndjson", large);
      expect(response.status).toBe(200);
      underWay.push(response);
    }
    const fifth = await get("verdicts.ndjson", large);
    expect(fifth.headers.get("retry-after")).toBe("10");
    expect(await refusal(fifth)).toMatchObject({ status: 503, code: "BUSY" });
    const neighbour = await get("verdicts.ndjson", neighbours.id, neighboursReader);
    expect(neighbour.status).toBe(200);
    expect((await neighbour.text()).trimEnd().split("\n")).toHaveLength(neighbours.verdicts.length);
    for (const { body } of underWay) await body?.cancel();
    await vi.waitFor(async () => {
      const response = await get("verdicts.csv?externalIdPrefix=none");
      expect(response.status).toBe(200);
      await response.text();
    }, 5000);
  });
});
