import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sweepScratch, withScratchFolder } from "../src/scratch.ts";

describe("scratch folders", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "faultline-scratch-test-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it("go when the work is done, and when it fails", async () => {
    expect(await withScratchFolder(directory, async (folder) => existsSync(folder))).toBe(true);
    await expect(
      withScratchFolder(directory, async (folder) => {
        await writeFile(path.join(folder, "a"), "x");
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    expect(await readdir(directory)).toEqual([]);
  });

  it("7. of a process that was killed are swept, those of the living and what is not ours stay", async () => {
    const module = fileURLToPath(new URL("../src/scratch.ts", import.meta.url));
    const script = `import { withScratchFolder } from ${JSON.stringify(module)};
      setInterval(() => {}, 1000);
      await withScratchFolder(process.argv[1], () => { console.log("ready"); return new Promise(() => {}); });`;
    const child = spawn(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "-e", script, directory],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    await once(child.stdout, "data");
    await mkdir(path.join(directory, "faultline-scratch-another.machine-1-0-abcdef"));
    await mkdir(path.join(directory, "something else"));
    await withScratchFolder(directory, async (own) => {
      expect(await sweepScratch(directory)).toBe(0);
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
      expect(await sweepScratch(directory)).toBe(1);
      expect((await readdir(directory)).sort()).toEqual([
        "faultline-scratch-another.machine-1-0-abcdef",
        path.basename(own),
        "something else",
      ]);
    });
  });

  it("7. of a dead process are told from those of a living one with the same pid", async () => {
    await withScratchFolder(directory, async (own) => {
      const earlier = path.basename(own).replace(/-\d+-(\w{6})$/, "-1-$1");
      await mkdir(path.join(directory, earlier));
      expect(await sweepScratch(directory)).toBe(existsSync("/proc/self/stat") ? 1 : 0);
      expect(existsSync(own)).toBe(true);
    });
  });
});
