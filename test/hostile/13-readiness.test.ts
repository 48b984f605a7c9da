// 13. /readyz stayed 200 while the store took nothing: it put the same content each time, which was there already.
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mountSmallDisk, noSmallDisk, type SmallDisk } from "../small-disk.ts";
import { type HostileTarget, startHostileTarget } from "./hostile-target.ts";

async function readiness(target: HostileTarget) {
  const response = await fetch(`${target.url}/readyz`);
  return {
    status: response.status,
    ...((await response.json()) as { checks: Record<string, string> }).checks,
  };
}

const ready = { status: 200, database: "ready", migrations: "ready", artifactStore: "ready" };
const failed = { ...ready, status: 503, artifactStore: "failed" };

describe("13. readiness", () => {
  let target: HostileTarget;
  beforeAll(async () => {
    target = await startHostileTarget();
  });
  afterAll(() => target.close());

  test("13. a store that cannot be written to is not ready, and is again when it can", async () => {
    const incoming = path.join(target.folder, "artifacts", "incoming");
    expect(await readiness(target)).toEqual(ready);
    await rm(incoming, { recursive: true });
    await writeFile(incoming, "a file in the place of the folder");
    expect(await readiness(target)).toEqual(failed);
    await rm(incoming);
    await mkdir(incoming);
    expect(await readiness(target)).toEqual(ready);
  });
});

const disk: SmallDisk | null = await mountSmallDisk(16);
if (!disk) console.warn(noSmallDisk);

describe.skipIf(!disk)("13. a full disk", () => {
  let target: HostileTarget;
  beforeAll(async () => {
    target = await startHostileTarget({
      environment: { FAULTLINE_ARTIFACTS: disk?.folder ?? "", FAULTLINE_FREE_SPACE_FLOOR: "1MiB" },
    });
  });
  afterAll(async () => {
    await target.close();
    await disk?.close();
  });

  test("13. is not ready, and is again when there is room", async () => {
    expect(await readiness(target)).toEqual(ready);
    const giveBack = await disk?.fillUp();
    expect(await readiness(target)).toEqual(failed);
    expect((await fetch(`${target.url}/healthz`)).status).toBe(200);
    await giveBack?.();
    expect(await readiness(target)).toEqual(ready);
  });
});
