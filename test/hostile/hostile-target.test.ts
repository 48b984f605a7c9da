// The instruments of these tests must be able to show harm, or the tests that trust them could not fail.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  eventLoopMonitor,
  eventLoopOf,
  expectUnharmed,
  type HostileTarget,
  residentBytes,
  startHostileTarget,
} from "./hostile-target.ts";

describe("the API under observation", () => {
  let target: HostileTarget;
  beforeAll(async () => {
    target = await startHostileTarget();
  });
  afterAll(() => target.close());

  it("is unharmed by an ordinary request", async () => {
    const { result, observed } = await target.observe(() =>
      target.graphql("{ projects { edges { node { slug } } } }"),
    );
    expect(result.data).toEqual({ projects: { edges: [] } });
    expectUnharmed(observed);
  });

  it("is seen to keep others waiting when it does", async () => {
    const { observed } = await target.observe(async () => {
      target.api.kill("SIGSTOP");
      await new Promise((resolve) => setTimeout(resolve, 600));
      target.api.kill("SIGCONT");
    });
    expect(observed.healthP99).toBeGreaterThan(400);
    expect(() => expectUnharmed(observed)).toThrow();
  });
});

it("an event loop is seen to be held when it is", async () => {
  const busy = "setInterval(() => { for (const end = Date.now() + 500; Date.now() < end; ); }, 1000)";
  const child = spawn(process.execPath, ["--import", eventLoopMonitor, "-e", busy], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  try {
    await new Promise((resolve) => setTimeout(resolve, 2500));
    // Of half a second by the clock, other processes may have had a part.
    expect(await eventLoopOf(child, "read")).toBeGreaterThan(150);
  } finally {
    child.kill("SIGKILL");
  }
});

it("counts the memory of children", async () => {
  const child = spawn(
    "sh",
    [
      "-c",
      `"${process.execPath}" -e "globalThis.kept = Buffer.alloc(2e8, 1); console.log(1); setInterval(() => {}, 1e6)"; :`,
    ],
    {
      stdio: ["pipe", "pipe", "inherit"],
      detached: true,
    },
  );
  await once(child.stdout, "data");
  const pid = child.pid as number;
  try {
    expect(residentBytes(pid)).toBeGreaterThan(2e8);
  } finally {
    process.kill(-pid, "SIGKILL");
  }
});
