// A real API (and, if asked for, a worker) in processes of their own, to be attacked and watched meanwhile.
//
//   const target = await startHostileTarget();           // in beforeAll; close() in afterAll
//   const { result, observed } = await target.observe(() => target.graphql("{ ... }"));
//   expectUnharmed(observed);                             // loop <= 250 ms, memory <= +300 MB, /healthz p99 <= 200 ms
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { FolderArtifactStore } from "@faultline/db";
import { expect } from "vitest";
import { newSecret } from "../../apps/api/src/access/token-secret.ts";
import { createTestDatabase, type TestDatabase } from "../postgres-setup.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** To be loaded (`--import`) into a process whose event loop is to be watched. */
export const eventLoopMonitor = new URL("./event-loop-monitor.mjs", import.meta.url).href;

type Scope = "READ" | "WRITE" | "ADMIN";

/** What the API went through while a request was served. */
export interface Observed {
  /** Longest time for which the event loop was held, in milliseconds, without waiting for a core. */
  eventLoopHeld: number;
  /** Largest growth of resident memory over the state before, children included, in bytes. */
  memoryGrowth: number;
  /** 99th percentile of the time that /healthz took, in milliseconds. */
  healthP99: number;
  /** Probes of /healthz that were not answered by 200. */
  healthFailures: number;
  /** Milliseconds that the action took. */
  duration: number;
}

export interface HostileTarget {
  /** Of the API. */
  url: string;
  api: ChildProcess;
  /** Undefined unless asked for. */
  worker: ChildProcess | undefined;
  database: TestDatabase;
  /** Folder with `artifacts` and `uploads`. */
  folder: string;
  /** A token of the whole installation with the scope ADMIN. */
  admin: string;
  /** Makes a token; without a project it reaches all of them. */
  token(scopes: Scope[], projectId?: string | null): Promise<string>;
  /** Puts bytes into the artifact store in the project's name. @returns their SHA-256 */
  upload(projectId: string, bytes: Uint8Array): Promise<string>;
  /** One operation at /graphql. @param secret a token; null for none */
  graphql(query: string, variables?: object, secret?: string | null): Promise<GraphqlAnswer>;
  /** One operation at /graphql/stream, until the stream ends. @returns status and everything that came, as text */
  stream(
    query: string,
    variables?: object,
    secret?: string | null,
  ): Promise<{ status: number; text: string }>;
  /** Watches the API (or another process) while something is done to it. */
  observe<T>(action: () => Promise<T>, watched?: ChildProcess): Promise<{ result: T; observed: Observed }>;
  close(): Promise<void>;
}

export interface GraphqlAnswer {
  status: number;
  bytes: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever was asked for
  data?: any;
  errors?: { message: string; extensions: Record<string, unknown> }[];
}

export interface HostileTargetOptions {
  worker?: boolean;
  /** Over the defaults of the processes. */
  environment?: Record<string, string>;
}

export async function startHostileTarget({
  worker: withWorker = false,
  environment = {},
}: HostileTargetOptions = {}): Promise<HostileTarget> {
  const database = await createTestDatabase();
  const folder = await mkdtemp(path.join(tmpdir(), "faultline-hostile-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const settings = {
    DATABASE_URL: database.url,
    FAULTLINE_DATA: folder,
    FAULTLINE_LOG_LEVEL: "fatal",
    LOG_LEVEL: "fatal",
    HOST: "127.0.0.1",
    PORT: String(port),
    ...environment,
  };
  const api = startProcess("apps/api/src/main.ts", settings);
  const worker = withWorker ? startProcess("apps/worker/src/main.ts", settings) : undefined;
  const artifactStore = await FolderArtifactStore.open(path.join(folder, "artifacts"));
  const token: HostileTarget["token"] = async (scopes, projectId = null) => {
    const { prefix, secret, secretHash } = newSecret();
    await database.prisma.apiToken.create({
      data: { name: scopes.join(), scopes, projectId, prefix, secretHash },
    });
    return secret;
  };
  const admin = await token(["ADMIN"]);
  const ask = (address: string, accept: string, query: string, variables: object, secret: string | null) =>
    fetch(`${url}${address}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept,
        ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
      },
      body: JSON.stringify({ query, variables }),
    });
  await answers(url, api);
  // What a process compiles at its first requests is not what the attack does.
  for (let request = 0; request < 3; request++)
    await ask("/graphql", "application/json", "{ __typename }", {}, admin);
  return {
    url,
    api,
    worker,
    database,
    folder,
    admin,
    token,
    upload: async (projectId, bytes) => {
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      await artifactStore.put(bytes);
      await database.prisma.artifact.createMany({
        data: [{ sha256, bytes: bytes.length }],
        skipDuplicates: true,
      });
      await database.prisma.projectArtifact.createMany({
        data: [{ projectId, sha256 }],
        skipDuplicates: true,
      });
      return sha256;
    },
    graphql: async (query, variables = {}, secret = admin) => {
      const response = await ask("/graphql", "application/json", query, variables, secret);
      const text = await response.text();
      return { status: response.status, bytes: text.length, ...JSON.parse(text) };
    },
    stream: async (query, variables = {}, secret = admin) => {
      const response = await ask("/graphql/stream", "text/event-stream", query, variables, secret);
      return { status: response.status, text: await response.text() };
    },
    observe: (action, watched = api) => observe(url, watched, action),
    close: async () => {
      await Promise.all([api, worker].map(stopProcess));
      await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The bounds that no request may move, whatever it asks for. */
export function expectUnharmed(observed: Observed): void {
  expect(observed.eventLoopHeld, "event loop held, ms").toBeLessThanOrEqual(250);
  expect(observed.memoryGrowth / 1e6, "resident memory added, MB").toBeLessThanOrEqual(300);
  expect(observed.healthP99, "/healthz p99, ms").toBeLessThanOrEqual(200);
  expect(observed.healthFailures, "/healthz not answered by 200").toBe(0);
}

function startProcess(script: string, environment: Record<string, string>): ChildProcess {
  return spawn(
    process.execPath,
    ["--conditions=faultline-source", "--import", eventLoopMonitor, "--import", "tsx", script],
    {
      cwd: root,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    },
  );
}

async function stopProcess(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

async function answers(url: string, api: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (api.exitCode !== null) throw new Error(`the API ended with exit code ${api.exitCode}`);
    const ready = await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the API did not become ready within a minute");
}

async function observe<T>(url: string, watched: ChildProcess, action: () => Promise<T>) {
  const pid = watched.pid;
  if (pid === undefined) throw new Error("the process did not start");
  const probe = spawn(
    process.execPath,
    [fileURLToPath(new URL("./health-probe.mjs", import.meta.url)), url],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  let said = "";
  probe.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const closed = once(probe, "close");
  await once(probe.stdout, "data");
  await eventLoopOf(watched, "reset");
  const before = residentBytes(pid);
  let peak = before;
  const sampling = setInterval(() => {
    peak = Math.max(peak, residentBytes(pid));
  }, 20);
  const start = performance.now();
  try {
    const result = await action();
    const duration = performance.now() - start;
    // What goes on after the answer counts as well.
    await new Promise((resolve) => setTimeout(resolve, 300));
    probe.stdin.end();
    await closed;
    const { p99, failed } = JSON.parse(said.split("\n")[1]) as { p99: number; failed: number };
    const observed: Observed = {
      eventLoopHeld: await eventLoopOf(watched, "read"),
      memoryGrowth: peak - before,
      healthP99: p99,
      healthFailures: failed,
      duration,
    };
    return { result, observed };
  } finally {
    clearInterval(sampling);
    probe.kill("SIGKILL");
  }
}

/** Longest time, in milliseconds, for which a watched process held its event loop since the last reset. */
export function eventLoopOf(child: ChildProcess, eventLoop: "reset" | "read"): Promise<number> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("the event loop was held for over a minute")), 60_000);
    const listener = (message: unknown) => {
      if (typeof message !== "object" || message === null || !("eventLoopHeld" in message)) return;
      clearTimeout(late);
      child.off("message", listener);
      resolve(Number(message.eventLoopHeld));
    };
    child.on("message", listener);
    child.send({ eventLoop });
  });
}

/** Resident memory of a process and all that it started, in bytes; 0 when it is gone. */
export function residentBytes(pid: number): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    return (
      pages * 4096 + children.filter(Boolean).reduce((sum, child) => sum + residentBytes(Number(child)), 0)
    );
  } catch {
    return 0;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (!address || typeof address === "string") throw new Error("no port");
  return address.port;
}
