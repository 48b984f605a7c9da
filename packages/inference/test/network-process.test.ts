import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { EncoderSession } from "../src/encoder.ts";
import { splitGraph } from "../src/graph-split.ts";
import { InvalidInputError } from "../src/invalid-input.ts";
import { InvalidModelError } from "../src/invalid-model.ts";
import { NetworkEndedError } from "../src/network-process/network-process.ts";
import { RefusedModel, vet } from "../src/network-process/vetting.mjs";
import { NetworkSessions } from "../src/network-sessions.ts";
import { OnnxSession } from "../src/onnx-session.ts";
import { tensorLength } from "../src/preprocessing.ts";
import {
  COVETED,
  damagedModels,
  endlessEncoder,
  HIDING_PLACES,
  hungryEncoder,
  wideEncoder,
} from "./hostile-models.ts";
import { encoderGraph, FLOAT, modelBytes, valueInfo } from "./onnx-models.ts";
import { CIFAR10_PREPROCESSING } from "./shared-data.ts";

const SPEC = { ...CIFAR10_PREPROCESSING, width: 8, height: 6 };
const plain = modelBytes(encoderGraph(8, 6, 5));
const blank = (count = 1) => new Float32Array(count * tensorLength(SPEC));
const hasProc = existsSync("/proc/self/task");
if (!hasProc) console.warn("no /proc: tests that look at processes are skipped");
const hasStrace = spawnSync("strace", ["-V"]).status === 0;
if (!hasStrace) console.warn("strace is not installed: that refused models open no file is not tested");

/** Processes that a process started and that live. */
function childrenOf(pid: number): number[] {
  if (!isAlive(pid)) return [];
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .split(" ")
    .filter(Boolean)
    .map(Number);
  return list.filter((child) => isAlive(child));
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

async function until(condition: () => boolean, seconds: number): Promise<void> {
  for (let waited = 0; waited < seconds * 20; waited++) {
    if (condition()) return;
    await sleep(50);
  }
  throw new Error(`not within ${seconds} seconds`);
}

/** Runs TypeScript in a process of its own, with these names: OnnxSession, EncoderSession, endlessEncoder, plain, SPEC. */
function startScript(code: string, wrapper: string[] = []): ChildProcess & { said: () => string } {
  const source = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const folder = mkdtempSync(join(tmpdir(), "faultline-script-"));
  folders.push(folder);
  const script = join(folder, "script.mts");
  writeFileSync(
    script,
    `import { OnnxSession } from ${source("../src/onnx-session.ts")};
     import { EncoderSession } from ${source("../src/encoder.ts")};
     import { endlessEncoder, HIDING_PLACES } from ${source("./hostile-models.ts")};
     const plain = Buffer.from(${JSON.stringify(Buffer.from(plain).toString("base64"))}, "base64");
     const SPEC = ${JSON.stringify(SPEC)} as never;
     ${code}`,
  );
  const [program, ...args] = [
    ...wrapper,
    process.execPath,
    "--conditions=faultline-source",
    "--import",
    import.meta.resolve("tsx"),
    script,
  ];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (part: Buffer) => {
    said += part.toString();
  });
  return Object.assign(child, { said: () => said });
}

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(!hasProc)("a network's process", () => {
  it("has nothing of our environment and an empty working directory, which goes with it", async () => {
    process.env.DATABASE_URL = "postgres://user:secret@host/base";
    const session = await OnnxSession.open(plain, "encoder");
    const [pid] = childrenOf(process.pid);
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").filter(Boolean);
    const names = environment.map((variable) => variable.split("=")[0]);
    expect(names.filter((name) => !/^(PWD|NODE_CHANNEL_\w+|ORT_DISABLE_TELEMETRY)$/.test(name))).toEqual([]);
    const directory = readlinkSync(`/proc/${pid}/cwd`);
    expect(readdirSync(directory)).toEqual([]);
    expect(directory).not.toBe(process.cwd());
    await session.close();
    expect(existsSync(directory)).toBe(false);
    expect(isAlive(pid)).toBe(false);
  });

  it("does not report to ONNX Runtime's makers", async () => {
    const session = await OnnxSession.open(plain, "encoder");
    const [pid] = childrenOf(process.pid);
    // The library that would report is at hand as soon as the network is loaded, and keeps files open.
    const open = readdirSync(`/proc/${pid}/fd`).map((descriptor) =>
      readlinkSync(`/proc/${pid}/fd/${descriptor}`),
    );
    expect(open.filter((file) => /mat-debug|onnxruntime\.db/.test(file))).toEqual([]);
    await session.close();
  });

  it("has one process for all instances of a network, and one for each network", async () => {
    const one = await OnnxSession.open(plain, "encoder", { instances: 3 });
    expect(childrenOf(process.pid)).toHaveLength(1);
    const other = await OnnxSession.open(plain, "encoder");
    expect(childrenOf(process.pid)).toHaveLength(2);
    await one.close();
    await other.close();
    expect(childrenOf(process.pid)).toEqual([]);
  });

  it("is not told to stop by what tells the whole group", async () => {
    const session = await EncoderSession.open(plain, SPEC);
    const [pid] = childrenOf(process.pid);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.kill(pid, signal);
    expect((await session.run(blank(), 1)).rows).toBe(1);
    await session.close();
  });

  it("is killed within 10 seconds if its network never ends", async () => {
    const start = performance.now();
    const error = await EncoderSession.open(endlessEncoder(), SPEC).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InvalidModelError);
    expect((error as Error).message).toMatch(
      /^encoder: it took longer than [78] seconds to run\. Export a smaller/,
    );
    // The start of the process is the machine's time, not the network's.
    expect((performance.now() - start) / 1000).toBeLessThan(20);
    expect(childrenOf(process.pid)).toEqual([]);
  });

  it("does not get the memory that its network asks for at once", async () => {
    const before = process.memoryUsage.rss();
    let most = 0;
    const watch = setInterval(() => {
      for (const pid of childrenOf(process.pid)) most = Math.max(most, residentOf(pid));
    }, 20);
    const opening = EncoderSession.open(hungryEncoder([1.9e9]), SPEC, { memory: 2 ** 30 });
    await expect(opening).rejects.toThrow(
      "encoder: it needs more than the 1024 MiB of memory that a network may take",
    );
    clearInterval(watch);
    expect(most).toBeLessThan(0.5e9);
    expect(process.memoryUsage.rss() - before).toBeLessThan(1e8);
  });

  it("does not get the memory that its network asks for bit by bit", async () => {
    let most = 0;
    const watch = setInterval(() => {
      for (const pid of childrenOf(process.pid)) most = Math.max(most, residentOf(pid));
    }, 20);
    // No two alike, or ONNX Runtime would make one of them. Twelve together are 960 MB.
    const counts = Array.from({ length: 12 }, (_, i) => 2e7 + 4 ** i);
    const opening = EncoderSession.open(hungryEncoder(counts), SPEC, { memory: 4e8 });
    const error = await opening.catch((reason: unknown) => reason);
    clearInterval(watch);
    expect(error).toBeInstanceOf(InvalidModelError);
    expect((error as Error).message).toContain("it needs more than the 381 MiB of memory");
    expect(most).toBeLessThan(8e8);
  });

  it("may be ended by somebody else: what runs then fails, and the next use has a new one", async () => {
    const networks = new NetworkSessions(async () => Buffer.from(plain), { instances: 2 });
    const use = (work: (encoder: EncoderSession) => Promise<number>) =>
      networks.withEncoder("one", SPEC, "encoder", work);
    const failing = use(async (encoder) => {
      const [pid] = childrenOf(process.pid);
      process.kill(pid, "SIGSTOP");
      const runs = [1, 2, 3].map(() => encoder.run(blank(4), 4));
      process.kill(pid, "SIGKILL");
      const results = await Promise.allSettled(runs);
      for (const result of results)
        expect(result).toMatchObject({ status: "rejected", reason: expect.any(NetworkEndedError) });
      return (await encoder.run(blank(), 1)).rows;
    });
    await expect(failing).rejects.toThrow("the process of the network (encoder) was ended by SIGKILL");
    expect(await use(async (encoder) => (await encoder.run(blank(4), 4)).rows)).toBe(4);
    await networks.close();
    expect(childrenOf(process.pid)).toEqual([]);
  });

  it("may crash: that is held against the network", async () => {
    const session = await EncoderSession.open(plain, SPEC);
    const [pid] = childrenOf(process.pid);
    process.kill(pid, "SIGSTOP");
    const running = session.run(blank(), 1);
    process.kill(pid, "SIGABRT");
    process.kill(pid, "SIGCONT");
    await expect(running).rejects.toThrow("encoder: it crashed its process (SIGABRT)");
    await session.close();
  });

  it("ends with the one that started it, killed while its network never ends", async () => {
    const script = startScript(
      `const session = await OnnxSession.open(endlessEncoder(), "encoder");
       const image = { type: "float32", dims: [1, 3, 6, 8], data: new Float32Array(3 * 8 * 6) } as const;
       const running = session.run({ image }, ["embedding"]);
       console.log("running");
       await running;`,
    );
    const pid = script.pid as number;
    await until(() => script.said() === "running\n", 60);
    await sleep(500);
    const children = childrenOf(pid);
    const directories = children.map((child) => readlinkSync(`/proc/${child}/cwd`));
    script.kill("SIGKILL");
    await until(() => children.every((child) => !isAlive(child)), 5);
    for (const directory of directories) expect(existsSync(directory)).toBe(false);
  });

  it("lets the one that started it end, whether it was closed or not", async () => {
    const script = startScript(
      `const session = await EncoderSession.open(plain, SPEC);
       await session.run(new Float32Array(3 * 8 * 6), 1);
       console.log("done");`,
    );
    const [code] = await once(script, "exit");
    expect({ code, said: script.said() }).toEqual({ code: 0, said: "done\n" });
  });

  it.skipIf(!hasStrace)(
    "opens no file that a refused model names",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "faultline-strace-"));
      folders.push(folder);
      const log = join(folder, "log");
      const trace = ["strace", "-f", "-qq", "-s", "200", "-e", "trace=%file", "-o", log];
      const script = startScript(
        `for (const bytes of Object.values(HIDING_PLACES).map((make) => make()))
           await OnnxSession.open(bytes, "encoder").then(
             () => console.log("loaded"),
             (error: Error) => console.log(error.name),
           );`,
        trace,
      );
      await once(script, "exit");
      const count = Object.keys(HIDING_PLACES).length;
      expect(script.said()).toBe("InvalidModelError\n".repeat(count));
      const seen = readFileSync(log, "utf8");
      expect(seen.match(/execve\(.*main\.mjs/g)?.length).toBeGreaterThanOrEqual(count);
      expect(seen).not.toContain(COVETED);

      // ONNX Runtime itself does open it, so the test could fail.
      const model = join(folder, "model.onnx");
      writeFileSync(model, HIDING_PLACES["an attribute"]());
      const code = `require("onnxruntime-node").InferenceSession.create(${JSON.stringify(model)}).catch(() => {})`;
      execFileSync(trace[0], [...trace.slice(1), process.execPath, "-e", code], {
        cwd: fileURLToPath(new URL("..", import.meta.url)),
      });
      expect(readFileSync(log, "utf8")).toContain(COVETED);
    },
    300_000,
  );
});

describe("limits of what goes in and out", () => {
  it("refuses a batch size that takes hundreds of megabytes", async () => {
    const graph = encoderGraph(8, 6, 5);
    const greedy = modelBytes({ ...graph, input: [valueInfo("image", FLOAT, [1_000_000, 3, 6, 8])] });
    await expect(EncoderSession.open(greedy, SPEC)).rejects.toThrow(
      'its input "image" takes batches of 1000000, which are 550 MiB. Export it with a dynamic batch dimension, or one of at most 116508',
    );
  });

  it("refuses outputs that are too large", async () => {
    await expect(EncoderSession.open(wideEncoder(70_000), SPEC)).rejects.toThrow(
      'its output "embedding" has 70000 values a row. Export a graph that gives at most 65536',
    );
    await expect(EncoderSession.open(wideEncoder(2e7), SPEC)).rejects.toThrow(
      "its outputs take 80000000 bytes, at most 67108864 are taken",
    );
    const session = await EncoderSession.open(wideEncoder(65_536), SPEC);
    expect(session.width).toBe(65_536);
    await session.close();
  });

  it("reads a large file and gives large parts back", async () => {
    const graph = encoderGraph(8, 6, 5);
    const ballast = { name: "ballast", dims: [2.5e6], dataType: FLOAT, rawData: new Uint8Array(1e7) };
    const bytes = modelBytes({
      ...graph,
      output: [valueInfo("logits", FLOAT)],
      initializer: [...(graph.initializer ?? []), ballast],
      node: [
        ...(graph.node ?? []),
        { opType: "ReduceMean", input: ["ballast"], output: ["mean"] },
        { opType: "Add", input: ["embedding", "mean"], output: ["logits"] },
      ],
    });
    const { encoder, head } = await splitGraph(bytes, "embedding");
    expect(encoder.length).toBeLessThan(2000);
    expect(head.length).toBeGreaterThan(1e7);
    expect(vet(head)).toEqual(new Set(["ReduceMean", "Add"]));
  });
});

it("has a typed error for models that are damaged where vetting sees nothing", async () => {
  const passing = [...damagedModels(2_000, 7)].filter((bytes) => {
    try {
      vet(bytes);
      return true;
    } catch (error) {
      if (error instanceof RefusedModel) return false;
      throw error;
    }
  });
  const step = Math.floor(passing.length / Number(process.env.FAULTLINE_FUZZ_MODELS ?? 16));
  let refused = 0;
  for (let i = 0; i < passing.length; i += step) {
    const opening = EncoderSession.open(passing[i], SPEC);
    await opening.then(
      (session) => session.close(),
      (error: unknown) => {
        if (!(error instanceof InvalidInputError)) throw error;
        refused++;
      },
    );
  }
  expect(refused).toBeGreaterThan(0);
}, 120_000);

function residentOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4096;
  } catch {
    return 0;
  }
}
