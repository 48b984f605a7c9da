import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, mkdirSync, type WriteStream } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** The running processes of one installation: API, workers and dashboard on one database. */
export interface Stack {
  readonly apiUrl: string;
  readonly webUrl: string;
  /** Rejects as soon as one of the processes ends by itself. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

/** The preferred port when it is free on loopback, else any free one. */
export async function freePort(preferred: number): Promise<number> {
  for (const port of [preferred, 0]) {
    const server = createServer();
    try {
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
      const address = server.address();
      if (address && typeof address === "object") return address.port;
    } catch {
      // Taken: let the system choose.
    } finally {
      server.close();
    }
  }
  throw new Error("no free port on 127.0.0.1");
}

async function waitUntilUp(url: string, process: ChildProcess, log: string): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
    if (process.exitCode !== null)
      throw new Error(`the process for ${url} ended with ${process.exitCode}; see ${log}`);
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} did not come up within a minute; see ${log}`);
}

export interface StackOptions {
  /** Restart API and worker when their sources change, and serve the dashboard with hot reloading. */
  readonly watch?: boolean;
}

/**
 * Starts API, one worker and the dashboard; each writes its log to `<dataDirectory>/logs`.
 * @param databaseUrl a migrated database
 */
export async function startStack(
  databaseUrl: string,
  dataDirectory: string,
  { watch = false }: StackOptions = {},
): Promise<Stack> {
  const source = [...(watch ? ["--watch"] : []), "--conditions=faultline-source", "--import", "tsx"];
  const logs = join(dataDirectory, "logs");
  mkdirSync(logs, { recursive: true });
  const children: { name: string; process: ChildProcess; log: WriteStream }[] = [];
  let stopping = false;
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {});

  const start = (name: string, args: string[], environment: Record<string, string>, cwd = root) => {
    const log = createWriteStream(join(logs, `${name}.log`));
    const child = spawn(process.execPath, args, {
      cwd,
      env: { ...process.env, DATABASE_URL: databaseUrl, FAULTLINE_DATA: dataDirectory, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    child.on("exit", (code, signal) => {
      if (!stopping)
        fail(new Error(`${name} ended with ${signal ?? code}; see ${join(logs, `${name}.log`)}`));
    });
    children.push({ name, process: child, log });
    return child;
  };

  const stop = async () => {
    stopping = true;
    await Promise.all(
      children.map(async ({ process: child, log }) => {
        if (child.exitCode === null && child.signalCode === null) {
          const exited = once(child, "exit");
          child.kill("SIGTERM");
          const killing = setTimeout(() => child.kill("SIGKILL"), 10_000);
          await exited;
          clearTimeout(killing);
        }
        log.end();
      }),
    );
  };

  try {
    const apiPort = await freePort(4000);
    const webPort = await freePort(3000);
    // The dashboard shows by it that what it says of its visitors is true.
    const proxyKey = randomBytes(32).toString("base64url");
    const apiUrl = `http://127.0.0.1:${apiPort}`;
    const webUrl = `http://127.0.0.1:${webPort}`;
    const api = start("api", [...source, "apps/api/src/main.ts"], {
      PORT: String(apiPort),
      HOST: "127.0.0.1",
      // Whoever sits at this machine is the demo's user; only loopback is signed in.
      FAULTLINE_LOCAL_USER: "1",
      FAULTLINE_PROXY_KEY: proxyKey,
    });
    start("worker", [...source, "apps/worker/src/main.ts"], {});
    const next = join(root, "node_modules/next/dist/bin/next");
    const web = start(
      "web",
      [next, watch ? "dev" : "start", "--port", String(webPort), "--hostname", "127.0.0.1"],
      {
        FAULTLINE_API_URL: apiUrl,
        FAULTLINE_PROXY_KEY: proxyKey,
        NODE_ENV: watch ? "development" : "production",
      },
      join(root, "apps/web"),
    );
    await Promise.all([
      waitUntilUp(`${apiUrl}/readyz`, api, join(logs, "api.log")),
      waitUntilUp(webUrl, web, join(logs, "web.log")),
    ]);
    return { apiUrl, webUrl, failed, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
