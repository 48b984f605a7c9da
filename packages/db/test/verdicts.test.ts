import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/postgres-setup.ts";
import {
  dropVerdicts,
  type ExportedVerdict,
  ExportInterruptedError,
  exportVerdicts,
  ingestInputs,
  Notifications,
  publishVerdicts,
  readVerdicts,
  type VerdictCondition,
  type VerdictRow,
} from "../src/index.ts";
import { seedRun } from "./seed.ts";

const inputs = 500;
let database: TestDatabase;
let seed: Awaited<ReturnType<typeof seedRun>>;
let firstInput: number;

function externalId(i: number): string {
  return `bild/ä ${i} "x", y\\n.jpg`;
}

function* verdicts(count = inputs): Generator<VerdictRow> {
  for (let i = 0; i < count; i++) {
    const misclassified = i % 5 === 0;
    yield {
      inputId: i % 2 ? firstInput + i : BigInt(firstInput + i),
      position: i,
      externalId: externalId(i),
      label: i % 7 === 0 ? null : i % 2,
      predictedClass: (i + Number(misclassified)) % 2,
      oracleClass: i % 2,
      confidence: i / inputs,
      verdict: i < 50 ? "DEFECT" : "OK",
      score: 1 - i / 100,
      threshold: 0.505,
      misclassified: i % 7 === 0 ? null : misclassified,
      fault: i % 7 === 0 ? null : misclassified ? "HEAD" : "NONE",
      concepts: Int16Array.from({ length: i % 4 }, (_, k) => k),
    };
  }
}

async function collect(stream: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

async function partitions(): Promise<string[]> {
  const { rows } = await database.pool.query(
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'verdict_partition'::regnamespace",
  );
  return rows.map((row) => row.relname);
}

async function newRun(): Promise<string> {
  const { id, createdAt, configuration, ...run } = seed.run;
  return (await database.prisma.run.create({ data: { ...run, configuration: {}, name: "another" } })).id;
}

beforeAll(async () => {
  database = await createTestDatabase();
  seed = await seedRun(database);
  await ingestInputs(
    database.pool,
    seed.dataset.id,
    Array.from({ length: inputs }, (_, i) => ({ externalId: `${i}`, split: "TEST" as const, label: i % 2 })),
  );
  firstInput = Number((await database.prisma.input.findFirstOrThrow({ orderBy: { id: "asc" } })).id);
});

afterAll(() => database.close());

describe("publishVerdicts", () => {
  test("writes every value as it was given, and the run's success with them", async () => {
    const { pool, prisma } = database;
    const runId = seed.run.id;
    const count = await publishVerdicts(pool, {
      runId,
      attempt: 1,
      verdicts: verdicts(),
      alongside: async (client) => {
        await client.query(
          "INSERT INTO class_report VALUES ($1, 0, 250, 200, 20, 20, 10), ($1, 1, 250, 200, 20, 20, 10)",
          [runId],
        );
      },
    });
    expect(count).toBe(inputs);
    const rows = await prisma.verdict.findMany({ where: { runId }, orderBy: { position: "asc" } });
    expect(rows).toEqual(
      [...verdicts()].map((row) => ({
        ...row,
        runId,
        inputId: BigInt(row.inputId),
        confidence: expect.closeTo(row.confidence, 6),
        concepts: [...(row.concepts as Int16Array)],
      })),
    );
    const run = await prisma.run.findUniqueOrThrow({ where: { id: runId } });
    expect(run.status).toBe("SUCCEEDED");
    expect(run.finishedAt).toBeInstanceOf(Date);
    expect(await prisma.classReport.count({ where: { runId } })).toBe(2);
  });

  test("does nothing when the attempt is already published", async () => {
    const before = await partitions();
    expect(await publishVerdicts(database.pool, { runId: seed.run.id, attempt: 1, verdicts: [] })).toBeNull();
    expect(await partitions()).toEqual(before);
  });

  test("a page by score reads one partition's index", async () => {
    const { rows } = await database.pool.query(
      "EXPLAIN SELECT * FROM verdict WHERE run_id = $1 ORDER BY score DESC, input_id DESC LIMIT 10",
      [seed.run.id],
    );
    const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
    expect(plan).toMatch(/Index Scan Backward using "?[\w-]+score_input_id_idx/);
    expect(plan).not.toMatch(/Sort|Seq Scan/);
  });

  test("leaves nothing of a publication that breaks", async () => {
    const runId = await newRun();
    const before = await partitions();
    function* breaking() {
      yield* verdicts(100);
      throw new Error("worker broke");
    }
    await expect(publishVerdicts(database.pool, { runId, attempt: 1, verdicts: breaking() })).rejects.toThrow(
      "worker broke",
    );
    const twice = [...verdicts(1), ...verdicts(1)];
    await expect(
      publishVerdicts(database.pool, { runId, attempt: 1, verdicts: twice }),
    ).rejects.toMatchObject({
      code: "23505",
    });
    const outOfRange = [{ ...[...verdicts(1)][0], confidence: 1.5 }];
    await expect(publishVerdicts(database.pool, { runId, attempt: 1, verdicts: outOfRange })).rejects.toThrow(
      /verdict_confidence_check/,
    );
    await expect(
      publishVerdicts(database.pool, {
        runId,
        attempt: 1,
        verdicts: verdicts(),
        alongside: () => Promise.reject(new Error("report broke")),
      }),
    ).rejects.toThrow("report broke");
    expect(await partitions()).toEqual(before);
    expect(await database.prisma.verdict.count({ where: { runId } })).toBe(0);
    expect((await database.prisma.run.findUniqueOrThrow({ where: { id: runId } })).status).toBe("RUNNING");
    // Its connections are still good.
    expect(await publishVerdicts(database.pool, { runId, attempt: 1, verdicts: verdicts() })).toBe(inputs);
  });

  test("a process that is killed while it copies leaves nothing", async () => {
    const runId = await newRun();
    const before = await partitions();
    async function* killing() {
      yield* verdicts(inputs - 1);
      // The server may be later to start the COPY than this process to encode its rows.
      await vi.waitFor(async () => {
        const { rowCount } = await database.pool.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE query LIKE 'COPY verdict_partition%' AND state = 'active' AND datname = current_database()`,
        );
        expect(rowCount).toBe(1);
      });
      // Had the process lived on, this row would have been the last and sound.
      yield [...verdicts(inputs)].at(-1) as VerdictRow;
    }
    await expect(
      publishVerdicts(database.pool, { runId, attempt: 1, verdicts: killing() }),
    ).rejects.toThrow();
    expect(await partitions()).toEqual(before);
  });

  test("refuses stale attempts, cancelled, failed and unknown runs", async () => {
    const { pool, prisma } = database;
    const runId = await newRun();
    await prisma.run.update({ where: { id: runId }, data: { attempt: 2 } });
    const stale = publishVerdicts(pool, { runId, attempt: 1, verdicts: verdicts() });
    await expect(stale).rejects.toMatchObject({ name: "PublicationError", code: "STALE_ATTEMPT" });

    async function* cancelledMeanwhile() {
      yield* verdicts(10);
      await prisma.run.update({ where: { id: runId }, data: { cancelRequestedAt: new Date() } });
    }
    const cancelled = publishVerdicts(pool, { runId, attempt: 2, verdicts: cancelledMeanwhile() });
    await expect(cancelled).rejects.toMatchObject({ code: "CANCELLED" });

    await prisma.run.update({ where: { id: runId }, data: { status: "FAILED", cancelRequestedAt: null } });
    const failed = publishVerdicts(pool, { runId, attempt: 2, verdicts: verdicts() });
    await expect(failed).rejects.toMatchObject({ code: "ALREADY_ENDED" });

    const unknown = publishVerdicts(pool, { runId: crypto.randomUUID(), attempt: 1, verdicts: [] });
    await expect(unknown).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  });

  test("of two publications of one attempt at once, one wins and the other sees it", async () => {
    const runId = await newRun();
    const results = await Promise.all(
      [1, 2].map(() => publishVerdicts(database.pool, { runId, attempt: 1, verdicts: verdicts() })),
    );
    expect(results.sort()).toEqual([inputs, null]);
    expect(await database.prisma.verdict.count({ where: { runId } })).toBe(inputs);
  });

  test("a retry replaces the verdicts in one step, and what is deleted leaves them to a job", async () => {
    const { pool, prisma } = database;
    const other = await seedRun(database, { slug: "other" });
    const runId = other.run.id;
    await publishVerdicts(pool, { runId, attempt: 1, verdicts: verdicts() });
    await prisma.run.update({ where: { id: runId }, data: { attempt: 2, status: "RUNNING" } });
    async function* watched() {
      yield* verdicts(10);
      // Readers see the old verdicts until the new ones are complete.
      expect(await prisma.verdict.count({ where: { runId } })).toBe(inputs);
    }
    await publishVerdicts(pool, { runId, attempt: 2, verdicts: watched() });
    expect(await prisma.verdict.count({ where: { runId } })).toBe(10);
    expect((await partitions()).filter((name) => name.startsWith(runId))).toEqual([`${runId}_2`]);

    await prisma.project.delete({ where: { id: other.project.id } });
    const { rows: jobs } = await pool.query(
      `SELECT payload FROM graphile_worker._private_jobs jobs JOIN graphile_worker._private_tasks tasks
       ON tasks.id = task_id WHERE identifier = 'drop-verdicts'`,
    );
    expect(jobs).toEqual([{ payload: { runId } }]);
    expect(await dropVerdicts(pool, runId)).toBe(1);
    expect(await dropVerdicts(pool, runId)).toBe(0);
    expect((await partitions()).filter((name) => name.startsWith(runId))).toEqual([]);
    expect(await prisma.verdict.count({ where: { runId } })).toBe(0);
  });
});

describe("exportVerdicts", () => {
  const ofRun = (sql = "true", ...parameters: unknown[]) => ({
    sql: `v.run_id = $1 AND ${sql}`,
    parameters: [seed.run.id, ...parameters],
  });
  const rowsOf = async (condition: VerdictCondition) => {
    const rows: ExportedVerdict[] = [];
    for await (const row of readVerdicts(database.pool, String(condition.parameters[0]), condition))
      rows.push(row);
    return rows;
  };

  beforeAll(async () => {
    await database.prisma.runReport.create({
      data: {
        runId: seed.run.id,
        axis: ["wheels", 'a "quoted" | phrase', "cat"],
        conceptCount: 2,
        inputs,
        labelled: inputs,
        misclassified: 0,
        quarantinedCount: 0,
        encoderFaults: 0,
        headFaults: 0,
        undecidedFaults: 0,
        details: {},
        strengthsSha256: "0".repeat(64),
        vlmStrengthsSha256: "0".repeat(64),
        alignmentSha256: "0".repeat(64),
        resultSha256: "0".repeat(64),
      },
    });
  });

  test("NDJSON carries every row, whatever its names contain", async () => {
    const text = await collect(exportVerdicts(database.pool, seed.run.id, ofRun(), "ndjson"));
    const rows = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const expected = [...verdicts()].map((row) => ({
      externalId: row.externalId,
      position: row.position,
      trueClass: row.label === null ? null : ["cat", "dog"][row.label],
      predictedClass: ["cat", "dog"][row.predictedClass],
      oracleClass: ["cat", "dog"][row.oracleClass],
      confidence: expect.closeTo(row.confidence, 6),
      verdict: row.verdict,
      score: row.score,
      threshold: row.threshold,
      misclassified: row.misclassified,
      fault: row.fault,
      concepts: ["wheels", 'a "quoted" | phrase', "cat"].slice(0, row.concepts.length),
    }));
    expect(rows).toEqual(expected);
  });

  test("CSV has a header and quotes what needs it", async () => {
    const condition = ofRun("v.score >= $2 AND v.score <= $3", 0.99, 1);
    const text = await collect(exportVerdicts(database.pool, seed.run.id, condition, "csv"));
    expect(text.split("\n").slice(0, 3)).toEqual([
      "externalId,position,trueClass,predictedClass,oracleClass,confidence,verdict,score,threshold,misclassified,fault,concepts",
      `"bild/ä 0 ""x"", y\\n.jpg",0,,dog,cat,0,DEFECT,1,0.505,,,""`,
      `"bild/ä 1 ""x"", y\\n.jpg",1,dog,dog,dog,0.002,DEFECT,0.99,0.505,f,NONE,wheels`,
    ]);
  });

  test.each([
    ['v.verdict = $2::"VerdictKind"', ["DEFECT"], (row: VerdictRow) => row.verdict === "DEFECT"],
    [
      'v.fault = ANY ($2::"Fault"[])',
      [["HEAD", "ENCODER"]],
      ({ fault }: VerdictRow) => fault && fault !== "NONE",
    ],
    ["NOT v.misclassified", [], (row: VerdictRow) => row.misclassified === false],
    [
      "v.label = $2 AND v.predicted_class = $3",
      [1, 0],
      (row: VerdictRow) => row.label === 1 && !row.predictedClass,
    ],
    ["v.concepts @> ARRAY[$2]::smallint[]", [2], (row: VerdictRow) => row.concepts.length > 2],
    ["v.external_id = $2", [externalId(3)], (row: VerdictRow) => row.position === 3],
    ["v.external_id = $2", ["' OR true --"], () => false],
  ])("filters by %s %j, as a stream and as rows", async (sql, parameters, matches) => {
    const condition = ofRun(sql, ...parameters);
    const lines = (await collect(exportVerdicts(database.pool, seed.run.id, condition, "ndjson"))).split(
      "\n",
    );
    const expected = [...verdicts()].filter(matches).map((row) => row.position);
    const exported = lines.filter(Boolean).map((line) => JSON.parse(line) as ExportedVerdict);
    expect(exported.map(({ position }) => position)).toEqual(expected);
    expect(await rowsOf(condition)).toEqual(exported);
  });

  test("a threshold that nothing passes is null", async () => {
    const { pool } = database;
    const runId = await newRun();
    const one = [...verdicts(1)].map((row) => ({ ...row, threshold: Number.POSITIVE_INFINITY }));
    await publishVerdicts(pool, { runId, attempt: 1, verdicts: one });
    const [row] = await rowsOf({ sql: "v.run_id = $1", parameters: [runId] });
    expect(row.threshold).toBeNull();
  });

  test("texts that a spreadsheet would run are disarmed in CSV, and come back whole", async () => {
    const texts = [
      "=1+1",
      "+a",
      "-2",
      "@x",
      "\tt",
      "\rr",
      "'=1",
      "''-",
      "'plain",
      'say "=no"',
      "a,b",
      "\nn",
      "＝1",
    ];
    const runId = await newRun();
    const [row] = verdicts(1);
    const rows = texts.map((externalId, position) => ({
      ...row,
      externalId,
      position,
      inputId: firstInput + position,
      score: -0.5,
      label: 0,
    }));
    await publishVerdicts(database.pool, { runId, attempt: 1, verdicts: rows });
    const ofThis = { sql: "v.run_id = $1", parameters: [runId] };
    const text = await collect(exportVerdicts(database.pool, runId, ofThis, "csv"));
    const [, ...parsed] = parseCsv(text);
    expect(parsed.map(([externalId]) => unguarded(externalId))).toEqual(texts);
    for (const [externalId] of parsed) expect(externalId).not.toMatch(/^[=+\-@\t\r\n＝＋－＠]/);
    // A negative number is a number.
    expect(new Set(parsed.map((fields) => fields[7]))).toEqual(new Set(["-0.5"]));
    const lines = (await collect(exportVerdicts(database.pool, runId, ofThis, "ndjson")))
      .trimEnd()
      .split("\n");
    expect(lines.map((line) => (JSON.parse(line) as ExportedVerdict).externalId)).toEqual(texts);
  });

  describe("of several pages", () => {
    const rows = 8_500;
    let runId: string;
    const ofIt = () => ({ sql: "v.run_id = $1", parameters: [runId] });

    beforeAll(async () => {
      runId = await newRun();
      function* many(): Generator<VerdictRow> {
        const [row] = verdicts(1);
        for (let i = 0; i < rows; i++)
          yield { ...row, inputId: firstInput + i, position: i, externalId: `${i}` };
      }
      await publishVerdicts(database.pool, { runId, attempt: 1, verdicts: many() });
    });

    test.each(["ndjson", "csv"] as const)("%s holds every row once, in order", async (format) => {
      const lines = (await collect(exportVerdicts(database.pool, runId, ofIt(), format)))
        .trimEnd()
        .split("\n");
      const ids =
        format === "csv"
          ? lines.slice(1).map((line) => Number(line.split(",")[0]))
          : lines.map((line) => Number((JSON.parse(line) as ExportedVerdict).externalId));
      expect(ids).toEqual(Array.from({ length: rows }, (_, i) => i));
    });

    test("12: a reader that pauses holds no connection, nor does one that goes away", async () => {
      const readers = Array.from({ length: 30 }, () =>
        exportVerdicts(database.pool, runId, ofIt(), "ndjson"),
      );
      // More readers than connections: each has its first page.
      for (const reader of readers) expect((await reader.next()).done).toBe(false);
      await vi.waitFor(() => expect(database.pool.idleCount).toBe(database.pool.totalCount));
      for (const reader of readers) await reader.return();
      expect(await database.prisma.verdict.count({ where: { runId } })).toBe(rows);
    });

    test("12: never ends as if it were complete when the run is deleted or tried again meanwhile", async () => {
      const reader = exportVerdicts(database.pool, runId, ofIt(), "ndjson");
      await reader.next();
      await database.prisma.run.update({ where: { id: runId }, data: { attempt: 2 } });
      await expect(collect(reader)).rejects.toThrow(ExportInterruptedError);
      const other = exportVerdicts(database.pool, runId, ofIt(), "csv");
      await other.next();
      await database.prisma.run.delete({ where: { id: runId } });
      await expect(collect(other)).rejects.toThrow(ExportInterruptedError);
    });
  });
});

/** What was written, of a text field: of an apostrophe before a formula, one was put there. */
function unguarded(field: string): string {
  return /^'+[=+\-@\t\r\n＝＋－＠]/.test(field) ? field.slice(1) : field;
}

/** Rows of fields, as RFC 4180 has them. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  const fields = /(?:"((?:[^"]|"")*)"|([^",\n]*))([,\n])/gy;
  for (const [, quoted, plain, end] of text.matchAll(fields)) {
    rows[rows.length - 1].push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "\n") rows.push([]);
  }
  rows.pop();
  return rows;
}

describe("Notifications", () => {
  let notifications: Notifications;
  afterEach(() => notifications.close());

  test("tell of a publication when it is committed, and of nothing else", async () => {
    notifications = await Notifications.open(database.url);
    const runId = await newRun();
    let calls = 0;
    const told = new Promise<void>((resolve) => {
      notifications.subscribe("run", runId, () => {
        calls++;
        resolve();
      });
    });
    notifications.subscribe("run", seed.run.id, () => {
      throw new Error("not this run");
    });
    await publishVerdicts(database.pool, { runId, attempt: 1, verdicts: verdicts(10) });
    await told;
    expect(calls).toBe(1);
  });

  test("come back after a lost connection, and wake every listener", async () => {
    notifications = await Notifications.open(database.url);
    const woken = new Promise<void>((resolve) => {
      notifications.subscribe("run", seed.run.id, resolve);
    });
    const { rowCount } = await database.pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'faultline notifications' AND datname = current_database()`,
    );
    expect(rowCount).toBe(1);
    await woken;
    const again = new Promise<void>((resolve) => {
      notifications.subscribe("run", seed.run.id, resolve);
    });
    await database.pool.query("SELECT pg_notify('faultline_run', $1)", [seed.run.id]);
    await again;
  });
});
