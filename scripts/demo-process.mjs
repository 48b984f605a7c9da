// Builds the dashboard and starts the demo launcher as a child process.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { root, run } from "./prepare.mjs";

const launcher = ["--conditions=faultline-source", "--import", "tsx", "demo/launch/main.ts"];

/** Builds the dashboard; turbo skips the work when nothing changed. */
export function buildDashboard() {
  run("npx", [
    "turbo",
    "run",
    "build",
    "--filter=@faultline/web",
    "--output-logs=errors-only",
    "--no-update-notifier",
  ]);
}

/** Runs the demo launcher on this terminal until it ends; resolves to its exit code. */
export async function runDemo(args) {
  buildDashboard();
  const child = spawn(process.execPath, [...launcher, ...args], { cwd: root, stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  const [code] = await once(child, "exit");
  return code ?? 1;
}

/** Starts the demo and resolves when every run has finished and the dashboard is up. */
export async function startDemo(args) {
  buildDashboard();
  const child = spawn(process.execPath, [...launcher, "--announce", ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const ready = new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("ready ")) resolve(JSON.parse(line.slice("ready ".length)));
      else process.stderr.write(`${line}\n`);
    });
    exited.then(([code]) => reject(new Error(`the demo ended early with exit code ${code}`)));
  });
  const { webUrl, apiUrl } = await ready;
  return {
    webUrl,
    apiUrl,
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}
