// The API on a database of a million verdicts, side by side with PostGraphile and bare node-postgres.
// `npm run bench api [-- --json FILE] [--ten-million]`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { migrate, openDatabase, startEmbeddedPostgres } from "@faultline/db";
import {
  bare,
  type Contender,
  externalIds,
  type Operation,
  postgraphileFunctions,
  requestBody,
  type Subject,
} from "./api-operations.ts";
import { type BenchWorld, bareCopyRates, classes, createBenchWorld } from "./api-world.ts";
import { type BenchRow, lessIsBetter, moreIsBetter, report } from "./report.ts";

const { values: options } = parseArgs({
  options: {
    "ten-million": { type: "boolean", default: false },
    json: { type: "string" },
    /** Verdicts in all; for trying the bench out. */
    verdicts: { type: "string" },
  },
  strict: false,
});
const inputs = 250_000;
const verdicts = options["ten-million"] ? 10_000_000 : Number(options.verdicts ?? 1_000_000);
const perRun = Math.min(inputs, verdicts / 4);
const size = verdicts >= 1e6 ? `${verdicts / 1e6} M` : String(verdicts);

const peerNames: Record<Contender, string> = {
  faultline: "Faultline",
  postgraphile: "PostGraphile 5.0.0-beta.49",
  bare: "bare pg behind node:http",
};

/** How often an operation is asked in one round, and how many seconds the throughput is measured in one. */
const effort: Record<Operation, { requests: number; seconds: number }> = {
  "verdict page": { requests: 200, seconds: 1 },
  "fault report": { requests: 200, seconds: 1 },
  compareRuns: { requests: 8, seconds: 2 },
};
const rounds = 5;
const concurrency = 8;

const agent = new Agent({ keepAlive: true, maxSockets: concurrency });

interface Running {
  contender: Contender;
  url: string;
  token?: string;
  stop(): Promise<void>;
}

async function start(
  contender: Contender,
  databaseUrl: string,
  folder: string,
  rememberedPairs = 0,
): Promise<Running> {
  const child = spawn(
    process.execPath,
    [
      ...["--conditions=faultline-source", "--import", "tsx"],
      ...[
        path.join(import.meta.dirname, "api-contender.ts"),
        contender,
        databaseUrl,
        folder,
        String(rememberedPairs),
      ],
    ],
    {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, NODE_ENV: "production", GRAPHILE_ENV: "production" },
    },
  );
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith("{")) continue;
    const { url, token } = JSON.parse(line) as { url: string; token?: string };
    child.stdout.resume();
    const ended = once(child, "exit");
    const stop = async () => {
      child.stdin.end();
      await ended;
    };
    return { contender, url, token, stop };
  }
  throw new Error(`${contender} did not start`);
}

/** The answer's text. */
function ask({ url, token }: Running, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = {
      "content-type": "application/json",
      accept: "application/json",
      "content-length": Buffer.byteLength(body),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    };
    request(url, { method: "POST", agent, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
      });
      response.on("error", reject).on("end", () => {
        if (response.statusCode === 200 && !text.includes('"errors":')) resolve(text);
        else reject(new Error(`${url} answered ${response.statusCode}: ${text.slice(0, 600)}`));
      });
    })
      .on("error", reject)
      .end(body);
  });
}

/** Every run, fault and predicted class in turn, so that no answer is asked for twice in a row. */
function subjectOf(i: number, { runs }: BenchWorld): Subject {
  return {
    run: runs[(i + 1) % runs.length],
    baseline: runs[i % runs.length],
    fault: i % 2 ? "ENCODER" : "HEAD",
    predictedClass: (i * 3) % classes.length,
  };
}

/** @throws Error when a contender gives other verdicts than bare pg, or another order */
async function assertAlike(running: Running[], operation: Operation, world: BenchWorld): Promise<void> {
  agent.destroy();
  for (let i = 0; i < 4; i++) {
    const answers = await Promise.all(
      running.map(async (one) =>
        externalIds(JSON.parse(await ask(one, requestBody(one.contender, operation, subjectOf(i, world))))),
      ),
    );
    const [first, ...others] = answers.map((ids) => ids.join("\n"));
    if (operation !== "fault report" && first === "") throw new Error(`${operation}: no verdicts`);
    others.forEach((other, k) => {
      if (other !== first) throw new Error(`${operation}: ${running[k + 1].contender} answers differently`);
    });
  }
}

interface Timing {
  p50: number;
  p95: number;
  perSecond: number;
}

/** The contenders take turns, so that a slow moment of the machine meets all of them. */
async function measure(
  running: Running[],
  operation: Operation,
  world: BenchWorld,
): Promise<Map<Contender, Timing>> {
  const { requests, seconds } = effort[operation];
  const milliseconds = new Map(running.map(({ contender }) => [contender, [] as number[]]));
  const perSecond = new Map(running.map(({ contender }) => [contender, 0]));
  // Servers run for days: what is measured is compiled.
  for (const one of running) await throughput(one, operation, world, 2 * seconds);
  for (let round = 0; round < rounds; round++) {
    for (const one of running) {
      // Servers close connections that were idle during the others' turns.
      agent.destroy();
      const own = milliseconds.get(one.contender) as number[];
      for (let i = 0; i < requests; i++) {
        const body = requestBody(one.contender, operation, subjectOf(round * requests + i, world));
        const start = performance.now();
        await ask(one, body);
        own.push(performance.now() - start);
      }
      const rate = await throughput(one, operation, world, seconds);
      perSecond.set(one.contender, (perSecond.get(one.contender) as number) + rate / rounds);
    }
  }
  return new Map(
    running.map(({ contender }) => {
      const sorted = (milliseconds.get(contender) as number[]).sort((a, b) => a - b);
      const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
      return [contender, { p50: at(0.5), p95: at(0.95), perSecond: perSecond.get(contender) as number }];
    }),
  );
}

async function throughput(
  one: Running,
  operation: Operation,
  world: BenchWorld,
  seconds: number,
): Promise<number> {
  let asked = 0;
  const start = performance.now();
  const client = async () => {
    while (performance.now() - start < seconds * 1000)
      await ask(one, requestBody(one.contender, operation, subjectOf(asked++, world)));
  };
  await Promise.all(Array.from({ length: concurrency }, client));
  return asked / ((performance.now() - start) / 1000);
}

/** Our timing beside a contender's. */
function against(
  label: string,
  ours: Timing,
  contender: Contender,
  timings: Map<Contender, Timing>,
  note?: string,
): BenchRow[] {
  const peer = timings.get(contender) as Timing;
  const name = peerNames[contender];
  return [
    lessIsBetter(`${label}, p50`, ours.p50, { name, value: peer.p50 }, "ms", note),
    lessIsBetter(`${label}, p95`, ours.p95, { name, value: peer.p95 }, "ms", note),
    moreIsBetter(
      `${label}, ${concurrency} clients`,
      ours.perSecond,
      { name, value: peer.perSecond },
      "requests/s",
      note,
    ),
  ];
}

function rowsOf(operation: Operation, timings: Map<Contender, Timing>, inProcess: number): BenchRow[] {
  const ours = timings.get("faultline") as Timing;
  const label = `${operation}, ${size} verdicts`;
  const note =
    operation === "compareRuns"
      ? "every pair counted anew; the peers only fetch the counts, Faultline also tests them"
      : undefined;
  const peer = { name: "bare pg in the caller's process", value: inProcess };
  return [
    ...against(label, ours, "postgraphile", timings, note),
    ...against(label, ours, "bare", timings, note),
    lessIsBetter(`${label}, p50`, ours.p50, peer, "ms", "the peer has no HTTP at all"),
  ];
}

/** What people meet who page through regressions, or open a comparison that was open before. */
async function comparedAgain(world: BenchWorld, timings: Map<Contender, Timing>): Promise<BenchRow[]> {
  const one = await start("faultline", server.url, folder, 1000);
  running.push(one);
  const ours = (await measure([one], "compareRuns", world)).get("faultline") as Timing;
  const label = `compareRuns of a pair that was compared before, ${size} verdicts`;
  const note = "Faultline remembers the pair's counts; the peer counts anew";
  return against(label, ours, "postgraphile", timings, note);
}

const folder = await mkdtemp(path.join(tmpdir(), "faultline-bench-api-"));
// Started by root, PostgreSQL runs as a user of its own, who must be able to enter.
await chmod(folder, 0o711);
const server = await startEmbeddedPostgres({ dataDirectory: path.join(folder, "postgres") });
const running: Running[] = [];
try {
  await migrate(server.url);
  const database = openDatabase(server.url);
  console.log(`writing ${size} verdicts in ${verdicts / perRun} runs`);
  const world = await createBenchWorld(database, verdicts / perRun, perRun);
  const rows: BenchRow[] = [];

  const bareRates = await bareCopyRates(database, world.runs[0], perRun);
  const rates = world.publicationRates.toSorted((a, b) => a - b);
  rows.push(
    moreIsBetter(
      "verdict ingest with all indexes",
      rates[Math.floor(rates.length / 2)],
      { name: "bare COPY of rendered lines, same indexes", value: bareRates.indexed },
      "verdicts/s",
      `runs of ${perRun} verdicts; the COPY of the peer alone, without an index: ${Math.round(bareRates.copy)} verdicts/s`,
    ),
  );

  await database.pool.query(postgraphileFunctions);
  for (const contender of Object.keys(peerNames) as Contender[])
    running.push(await start(contender, server.url, folder));
  for (const operation of Object.keys(effort) as Operation[]) {
    await assertAlike(running, operation, world);
    const timings = await measure(running, operation, world);
    const inProcess: number[] = [];
    for (let i = 0; i < effort[operation].requests; i++) {
      const start = performance.now();
      await bare[operation](database.pool, subjectOf(i, world));
      inProcess.push(performance.now() - start);
    }
    inProcess.sort((a, b) => a - b);
    rows.push(...rowsOf(operation, timings, inProcess[Math.floor(inProcess.length / 2)]));
    if (operation === "compareRuns") rows.push(...(await comparedAgain(world, timings)));
  }
  const { rows: versions } = await database.pool.query<{ server_version: string }>("SHOW server_version");
  await database.close();
  report("api", rows, {
    postgresql: versions[0].server_version,
    postgraphile: "5.0.0-beta.49",
    verdicts: size,
  });
} finally {
  agent.destroy();
  for (const one of running) await one.stop();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
