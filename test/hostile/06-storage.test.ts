// 6. The disk was unbounded: no quota, no floor of free space, and nothing removed abandoned uploads.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { encodeGlobalID } from "@pothos/plugin-relay";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { mountSmallDisk, noSmallDisk, type SmallDisk } from "../small-disk.ts";
import { expectUnharmed, type HostileTarget, startHostileTarget } from "./hostile-target.ts";

const mebibyte = 2 ** 20;

function contentOf(bytes: number) {
  const content = randomBytes(bytes);
  return { content, sha256: createHash("sha256").update(content).digest("hex") };
}

function put(
  target: HostileTarget,
  token: string,
  sha256: string,
  body: Buffer<ArrayBuffer>,
  range?: string,
) {
  return fetch(`${target.url}/uploads/${sha256}`, {
    method: "PUT",
    body,
    headers: { authorization: `Bearer ${token}`, ...(range ? { "content-range": range } : {}) },
  });
}

/**
 * An upload that never ends, though not so fast that it outruns its answer: where fetch can write no more, it gives up,
 * whatever there was to read, and a source that is always ready is then read for ever.
 */
function putWithoutEnd(target: HostileTarget, token: string, sha256: string) {
  const body = new ReadableStream({
    pull: async (controller) => {
      await delay(10);
      controller.enqueue(Buffer.alloc(65_536));
    },
  });
  return fetch(`${target.url}/uploads/${sha256}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${token}` },
    body,
    duplex: "half",
  } as RequestInit);
}

async function refusal(response: Response) {
  const { errors } = (await response.json()) as {
    errors: { message: string; extensions: Record<string, unknown> }[];
  };
  return { status: response.status, message: errors[0].message, ...errors[0].extensions };
}

describe("6. quotas", () => {
  let target: HostileTarget;
  let projectId: string;
  let writer: string;
  const storage = async () =>
    (
      await target.graphql(
        "query ($id: ID!) { node(id: $id) { ... on Project { storage { usedBytes reservedBytes quotaBytes unfinishedUploads } } } }",
        { id: encodeGlobalID("Project", projectId) },
      )
    ).data.node.storage;

  beforeAll(async () => {
    target = await startHostileTarget({ environment: { FAULTLINE_PROJECT_QUOTA: "4MiB" } });
    ({ id: projectId } = await target.database.prisma.project.create({
      data: { slug: "full", name: "Full" },
    }));
    writer = await target.token(["WRITE"], projectId);
    // What a process compiles at its first upload is not what the attack does.
    const { id } = await target.database.prisma.project.create({ data: { slug: "first", name: "First" } });
    const { content, sha256 } = contentOf(mebibyte);
    expect((await put(target, await target.token(["WRITE"], id), sha256, content)).status).toBe(201);
  });
  afterAll(() => target.close());

  test("6. uploads at the same time do not exceed the quota together, whole or in parts", async () => {
    const { result, observed } = await target.observe(() =>
      Promise.all(
        Array.from({ length: 8 }, async (_, i) => {
          const { content, sha256 } = contentOf(mebibyte);
          const range = i % 2 ? `bytes 0-${mebibyte - 2}/${mebibyte}` : undefined;
          return put(target, writer, sha256, range ? content.subarray(0, -1) : content, range);
        }),
      ),
    );
    expectUnharmed(observed);
    expect(result.filter(({ status }) => status < 300)).toHaveLength(4);
    const { usedBytes, reservedBytes, quotaBytes } = await storage();
    expect(usedBytes + reservedBytes).toBe(quotaBytes);
    const [refused] = result.filter(({ status }) => status >= 300);
    expect(await refusal(refused)).toMatchObject({
      status: 413,
      code: "QUOTA_EXCEEDED",
      message: expect.stringMatching(/of its 4194304 bytes.*Delete.*administrator/),
      quotaBytes: 4 * mebibyte,
    });
  });

  test("6. only an administrator of the installation gives more", async () => {
    const setQuota = (quotaBytes: number | null, token: string) =>
      target.graphql(
        "mutation ($id: ID!, $quotaBytes: Float) { setProjectQuota(id: $id, quotaBytes: $quotaBytes) { __typename ... on Project { storage { quotaBytes } } } }",
        { id: encodeGlobalID("Project", projectId), quotaBytes },
        token,
      );
    const own = await target.token(["ADMIN"], projectId);
    expect((await setQuota(1e15, own)).data.setProjectQuota.__typename).toBe("ForbiddenError");
    expect((await setQuota(0.5, target.admin)).data.setProjectQuota.__typename).toBe("ValidationError");
    expect((await setQuota(5 * mebibyte, target.admin)).data.setProjectQuota.storage).toEqual({
      quotaBytes: 5 * mebibyte,
    });
    const { content, sha256 } = contentOf(mebibyte);
    expect((await put(target, writer, sha256, content)).status).toBe(201);
  });

  test("6. content that does not say how long it is stops at the quota too", async () => {
    await target.database.prisma.unfinishedUpload.deleteMany({ where: { projectId } });
    const { usedBytes } = await storage();
    await target.database.prisma.project.update({
      where: { id: projectId },
      data: { quotaBytes: usedBytes + mebibyte },
    });
    const sha256 = "0".repeat(64);
    const response = await putWithoutEnd(target, writer, sha256);
    expect(await refusal(response)).toMatchObject({ status: 413, code: "QUOTA_EXCEEDED" });
    const { size } = await stat(path.join(target.folder, "uploads", projectId, sha256));
    expect(size).toBeLessThanOrEqual(mebibyte);
    const abandon = await fetch(`${target.url}/uploads/${sha256}`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${writer}` },
    });
    expect(abandon.status).toBe(204);
    expect(await storage()).toMatchObject({ reservedBytes: 0, unfinishedUploads: 0 });
  });

  test("6. abandoned parts are bounded in number", async () => {
    await target.database.prisma.project.update({ where: { id: projectId }, data: { quotaBytes: null } });
    const { id } = await target.database.prisma.project.create({ data: { slug: "parts", name: "Parts" } });
    const token = await target.token(["WRITE"], id);
    const statuses: number[] = [];
    let last: Response | undefined;
    for (let i = 0; i < 65; i++) {
      last = await put(target, token, contentOf(2).sha256, Buffer.from("a"), "bytes 0-0/2");
      statuses.push(last.status);
    }
    expect(new Set(statuses.slice(0, 64))).toEqual(new Set([202]));
    expect(await refusal(last as Response)).toMatchObject({
      status: 429,
      code: "TOO_MANY_UPLOADS",
      message: expect.stringContaining("DELETE /uploads/"),
    });
  });
});

test("6. what was abandoned is swept when the API starts", async () => {
  const data = await mkdtemp(path.join(tmpdir(), "faultline-abandoned-"));
  const left = path.join(data, "uploads", randomUUID());
  const files = [path.join(left, "1".repeat(64)), path.join(data, "artifacts", "incoming", randomUUID())];
  for (const file of files) {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, Buffer.alloc(1000));
    await utimes(file, 0, 0);
  }
  const lock = path.join(left, `${"1".repeat(64)}.lock`);
  await mkdir(lock);
  await utimes(lock, 0, 0);
  const target = await startHostileTarget({ environment: { FAULTLINE_DATA: data } });
  try {
    await vi.waitFor(async () => expect(await readdir(path.join(data, "uploads"))).toEqual([]), 10_000);
    expect(await readdir(path.join(data, "artifacts", "incoming"))).toEqual([]);
  } finally {
    await target.close();
    await rm(data, { recursive: true, force: true });
  }
});

const disk: SmallDisk | null = await mountSmallDisk(64);
if (!disk) console.warn(noSmallDisk);

describe.skipIf(!disk)("6. a disk that is nearly full", () => {
  let target: HostileTarget;
  let writer: string;
  const folder = disk?.folder ?? "";
  beforeAll(async () => {
    target = await startHostileTarget({
      environment: { FAULTLINE_DATA: folder, FAULTLINE_FREE_SPACE_FLOOR: "16MiB" },
    });
    const { id } = await target.database.prisma.project.create({ data: { slug: "disk", name: "Disk" } });
    writer = await target.token(["WRITE"], id);
  });
  afterAll(async () => {
    await target.close();
    await disk?.close();
  });

  test("6. takes nothing that would leave less than the floor, announced or not", async () => {
    const { content, sha256 } = contentOf(mebibyte);
    expect((await put(target, writer, sha256, content)).status).toBe(201);
    const announced = await put(
      target,
      writer,
      "1".repeat(64),
      content,
      `bytes 0-${mebibyte - 1}/${60 * mebibyte}`,
    );
    expect(await refusal(announced)).toMatchObject({
      status: 507,
      code: "INSUFFICIENT_STORAGE",
      message: expect.stringContaining("keeps 16777216 of them"),
    });
    const unannounced = await putWithoutEnd(target, writer, "2".repeat(64));
    expect(await refusal(unannounced)).toMatchObject({ status: 507 });
    // So that PostgreSQL, were it here, had the floor for itself; but for the steps in which it is looked at.
    const giveBack = await disk?.fill(14 * mebibyte);
    expect((await stat(path.join(folder, "ballast"))).size).toBe(14 * mebibyte);
    expect((await fetch(`${target.url}/healthz`)).status).toBe(200);
    await giveBack?.();
  });
});
