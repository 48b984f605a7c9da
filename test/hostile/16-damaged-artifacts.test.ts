// 16. What the store gave was never checked, and uploading a damaged file again left it damaged.
import { createHash, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { encodeGlobalID } from "@pothos/plugin-relay";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectUnharmed, type HostileTarget, startHostileTarget } from "./hostile-target.ts";

let target: HostileTarget;
let projectId: string;
let writer: string;
beforeAll(async () => {
  target = await startHostileTarget();
  ({ id: projectId } = await target.database.prisma.project.create({
    data: { slug: "damaged", name: "Damaged" },
  }));
  writer = await target.token(["WRITE"], projectId);
});
afterAll(() => target.close());

const fileOf = (sha256: string) =>
  path.join(target.folder, "artifacts", sha256.slice(0, 2), sha256.slice(2, 4), sha256);

async function damage(sha256: string): Promise<void> {
  const content = await readFile(fileOf(sha256));
  content[content.length >> 1] ^= 1;
  await writeFile(fileOf(sha256), content);
}

const upload = (method: "PUT" | "HEAD", sha256: string, body?: Buffer<ArrayBuffer>, range?: string) =>
  fetch(`${target.url}/uploads/${sha256}`, {
    method,
    body,
    headers: { authorization: `Bearer ${writer}`, ...(range ? { "content-range": range } : {}) },
  });

test("16. uploading a damaged file again heals it, whole or in parts", async () => {
  const content = randomBytes(30_000_000);
  const sha256 = createHash("sha256").update(content).digest("hex");
  expect((await upload("PUT", sha256, content)).status).toBe(201);
  expect((await upload("PUT", sha256, content)).status).toBe(200);
  await damage(sha256);
  const { result, observed } = await target.observe(() => upload("PUT", sha256, content));
  expect(result.status).toBe(201);
  expectUnharmed(observed);
  expect(content.equals(await readFile(fileOf(sha256)))).toBe(true);

  await damage(sha256);
  const half = content.length / 2;
  const range = (from: number, to: number) => `bytes ${from}-${to - 1}/${content.length}`;
  expect((await upload("PUT", sha256, content.subarray(0, half), range(0, half))).status).toBe(202);
  expect((await upload("HEAD", sha256)).headers.get("upload-offset")).toBe(String(half));
  expect((await upload("PUT", sha256, content.subarray(half), range(half, content.length))).status).toBe(201);
  expect(content.equals(await readFile(fileOf(sha256)))).toBe(true);
});

test("16. a damaged picture is not shown, and the answer says what to do", async () => {
  const picture = await sharp(randomBytes(32 * 32 * 3), { raw: { width: 32, height: 32, channels: 3 } })
    .png({ compressionLevel: 0 })
    .toBuffer();
  const sha256 = await target.upload(projectId, picture);
  const dataset = await target.database.prisma.dataset.create({
    data: { projectId, name: "pictures", classes: ["a", "b"], status: "READY" },
  });
  const input = await target.database.prisma.input.create({
    data: { datasetId: dataset.id, position: 0, externalId: "a", split: "TEST", imageSha256: sha256 },
  });
  const address = `${target.url}/inputs/${encodeGlobalID("Input", String(input.id))}/image`;
  const show = () => fetch(address, { headers: { authorization: `Bearer ${writer}` } });
  expect((await show()).status).toBe(200);
  await damage(sha256);
  const refused = await show();
  expect(refused.status).toBe(500);
  expect(await refused.json()).toMatchObject({
    errors: [
      {
        message: expect.stringMatching(new RegExp(`${sha256} is damaged.*Upload the same file again`)),
        extensions: { code: "ARTIFACT_CORRUPT" },
      },
    ],
  });
  // Clients ask first, and are told that it is not there.
  expect((await upload("HEAD", sha256)).status).toBe(404);
  expect((await upload("PUT", sha256, Buffer.from(picture))).status).toBe(201);
  expect((await show()).status).toBe(200);
});

test("16. a damaged model is refused, and the answer says what to do", async () => {
  const content = randomBytes(3_000_000);
  const sha256 = await target.upload(projectId, content);
  await damage(sha256);
  const version = await target.graphql(
    "mutation ($input: RegisterVisionLanguageModelInput!) { registerVisionLanguageModel(input: $input) { __typename ... on ValidationError { issues { field message } } ... on Error { message } } }",
    {
      input: {
        projectId: encodeGlobalID("Project", projectId),
        name: "vlm",
        imageTowerSha256: sha256,
        textTowerSha256: sha256,
        tokenizerSha256: sha256,
        preprocessing: {
          width: 8,
          height: 8,
          resize: "squash",
          interpolation: "bilinear",
          mean: [0, 0, 0],
          standardDeviation: [1, 1, 1],
        },
      },
    },
  );
  expect(JSON.stringify(version)).toContain("is damaged in the store");
});
