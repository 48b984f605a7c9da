import { createHash, randomBytes } from "node:crypto";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { encodeGlobalID } from "@pothos/plugin-relay";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type ApiUnderTest, startApiUnderTest } from "../api-under-test.ts";

let api: ApiUnderTest;
let writer: string;
let projectId: string;

beforeAll(async () => {
  // Below the size of the uploads: they must not count as bodies of GraphQL requests.
  api = await startApiUnderTest({ bodyLimit: 10_000, maximumUploadBytes: 300_000 });
  const project = await api.database.prisma.project.create({ data: { slug: "uploads", name: "Uploads" } });
  projectId = project.id;
  writer = await api.token(["WRITE"], projectId);
  await api.database.prisma.project.create({ data: { slug: "other", name: "Other" } });
});
afterAll(() => api.close());

function newContent(bytes = 200_000) {
  const content = randomBytes(bytes);
  return { content, sha256: createHash("sha256").update(content).digest("hex") };
}

interface Sent {
  body?: Uint8Array<ArrayBuffer>;
  range?: string;
  token?: string | null;
  headers?: Record<string, string>;
}

function send(method: "PUT" | "HEAD", sha256: string, { body, range, token = writer, headers }: Sent = {}) {
  return fetch(`${api.url}/uploads/${sha256}`, {
    method,
    body,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(range ? { "content-range": range } : {}),
      ...headers,
    },
  });
}

async function refusal(response: Response) {
  const { errors } = (await response.json()) as {
    errors: { message: string; extensions: Record<string, unknown> }[];
  };
  expect(errors[0].extensions.requestId).toBe(response.headers.get("x-request-id"));
  return { status: response.status, message: errors[0].message, ...errors[0].extensions };
}

test("takes a whole content, keeps it once, and tells that it has it", async () => {
  const { content, sha256 } = newContent();
  const before = await send("HEAD", sha256);
  expect([before.status, before.headers.get("upload-offset")]).toEqual([404, "0"]);
  const created = await send("PUT", sha256, { body: content });
  expect(created.status).toBe(201);
  expect(created.headers.get("location")).toBe(`/uploads/${sha256}`);
  expect(await created.json()).toEqual({ sha256, bytes: content.length });
  expect((await send("HEAD", sha256)).status).toBe(200);
  expect((await send("PUT", sha256, { body: content })).status).toBe(200);
  expect(content.equals(await api.artifactStore.read(sha256))).toBe(true);
  expect(await api.database.prisma.artifact.findUnique({ where: { sha256 } })).toMatchObject({
    bytes: BigInt(content.length),
  });
});

test("a dataset may be made of it, by its hash alone", async () => {
  const manifest = Buffer.from('{"id": "a", "split": "TEST", "label": "cat"}\n');
  const sha256 = createHash("sha256").update(manifest).digest("hex");
  const create = () =>
    api.graphql(
      `mutation($input: CreateDatasetInput!) { createDataset(input: $input) {
        __typename ... on Dataset { name } ... on Error { message } } }`,
      {
        input: {
          projectId: encodeGlobalID("Project", projectId),
          name: "uploaded",
          classes: ["cat", "dog"],
          manifestSha256: sha256,
        },
      },
      writer,
    );
  expect((await create()).data.createDataset.__typename).not.toBe("Dataset");
  await send("PUT", sha256, { body: manifest });
  expect((await create()).data.createDataset).toEqual({ __typename: "Dataset", name: "uploaded" });
});

test("goes on where a cut connection ended", async () => {
  const { content, sha256 } = newContent();
  const arrived = 70_000;
  const { hostname, port } = new URL(api.url);
  const socket = connect(Number(port), hostname);
  socket.write(
    `PUT /uploads/${sha256} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${writer}\r\n` +
      `Content-Length: ${content.length}\r\nContent-Range: bytes 0-${content.length - 1}/${content.length}\r\n\r\n`,
  );
  socket.write(content.subarray(0, arrived));
  const offset = async () => (await send("HEAD", sha256)).headers.get("upload-offset");
  await vi.waitFor(async () => expect(await offset()).toBe(String(arrived)), 5000);
  socket.destroy();

  const range = `bytes ${arrived}-${content.length - 1}/${content.length}`;
  const resumed = await vi.waitFor(async () => {
    const response = await send("PUT", sha256, { body: content.subarray(arrived), range });
    // The server may not have noticed the end of the first connection yet.
    expect(response.status).not.toBe(409);
    return response;
  }, 5000);
  expect(resumed.status).toBe(201);
  expect(content.equals(await api.artifactStore.read(sha256))).toBe(true);
});

test("takes parts, and skips what has arrived before", async () => {
  const { content, sha256 } = newContent(1000);
  const first = await send("PUT", sha256, { body: content.subarray(0, 400), range: "bytes 0-399/1000" });
  expect([first.status, first.headers.get("upload-offset")]).toEqual([202, "400"]);
  expect(await first.json()).toEqual({ sha256, received: 400, total: 1000 });

  const gap = await send("PUT", sha256, { body: content.subarray(600), range: "bytes 600-999/1000" });
  expect(gap.headers.get("upload-offset")).toBe("400");
  expect(await refusal(gap)).toMatchObject({
    status: 416,
    code: "OFFSET_MISMATCH",
    message: expect.stringContaining("400"),
  });

  const overlapping = await send("PUT", sha256, {
    body: content.subarray(300, 700),
    range: "bytes 300-699/1000",
  });
  expect(overlapping.headers.get("upload-offset")).toBe("700");
  expect((await send("PUT", sha256, { body: content })).status).toBe(201);
  expect(content.equals(await api.artifactStore.read(sha256))).toBe(true);
});

test("refuses wrong content, and keeps nothing of it", async () => {
  const { content } = newContent(1000);
  const { sha256, content: right } = newContent(1000);
  expect(await refusal(await send("PUT", sha256, { body: content }))).toMatchObject({
    status: 422,
    code: "HASH_MISMATCH",
    message: expect.stringContaining("Send it again"),
  });
  expect((await send("HEAD", sha256)).headers.get("upload-offset")).toBe("0");
  expect(await api.database.prisma.projectArtifact.count({ where: { sha256 } })).toBe(0);
  expect((await send("PUT", sha256, { body: right })).status).toBe(201);
});

test("refuses too much before it arrives, whether announced or not", async () => {
  const { sha256 } = newContent(10);
  const range = "bytes 0-9/300001";
  expect(await refusal(await send("PUT", sha256, { body: Buffer.alloc(10), range }))).toMatchObject({
    status: 413,
    code: "TOO_LARGE",
    message: expect.stringContaining("300000"),
  });
  function* unannounced() {
    for (let i = 0; i < 40; i++) yield Buffer.alloc(10_000);
  }
  const response = await fetch(`${api.url}/uploads/${sha256}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${writer}` },
    body: Readable.toWeb(Readable.from(unannounced())),
    duplex: "half",
  } as RequestInit);
  expect(await refusal(response)).toMatchObject({ status: 413, code: "TOO_LARGE" });
});

test.each([
  ["ABC", {}, "path.sha256"],
  ["0".repeat(64), { range: "bytes 5-3/10" }, "content-range"],
  ["0".repeat(64), { range: "bytes 0-9/*" }, "content-range"],
  ["0".repeat(64), { range: "bytes 0-9/10", body: Buffer.alloc(4) }, "content-range"],
  ["0".repeat(64), {}, "body"],
])("refuses %s with %j and names the field %s", async (sha256, sent, field) => {
  expect(await refusal(await send("PUT", sha256, sent as Sent))).toMatchObject({
    status: 400,
    code: "BAD_USER_INPUT",
    issues: [{ field }],
  });
});

test("keeps projects apart: knowing a hash is not having its content", async () => {
  const { content, sha256 } = newContent(1000);
  expect((await send("PUT", sha256, { body: content })).status).toBe(201);
  const inOther = { token: api.admin, headers: { "x-faultline-project": "other" } };
  expect((await send("HEAD", sha256, inOther)).status).toBe(404);
  expect((await send("PUT", sha256, { ...inOther, body: content })).status).toBe(201);
  expect((await send("HEAD", sha256, inOther)).status).toBe(200);

  const foreign = { body: content, headers: { "x-faultline-project": "other" } };
  expect(await refusal(await send("PUT", sha256, foreign))).toMatchObject({
    status: 404,
    field: "x-faultline-project",
  });
  expect(await refusal(await send("PUT", sha256, { body: content, token: api.admin }))).toMatchObject({
    status: 400,
    issues: [{ field: "x-faultline-project" }],
  });
});

test("needs a token, with the scope WRITE", async () => {
  const { content, sha256 } = newContent(10);
  const nobody = await send("PUT", sha256, { body: content, token: null });
  expect(nobody.headers.get("www-authenticate")).toContain("Bearer");
  expect(await refusal(nobody)).toMatchObject({ status: 401, code: "UNAUTHENTICATED" });
  const reader = await api.token(["READ"], projectId);
  expect(await refusal(await send("PUT", sha256, { body: content, token: reader }))).toMatchObject({
    status: 403,
    requiredScope: "WRITE",
  });
  expect((await send("HEAD", sha256, { token: reader })).status).toBe(403);
});
