import { encodeGlobalID } from "@pothos/plugin-relay";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ApiUnderTest, startApiUnderTest } from "../api-under-test.ts";

let api: ApiUnderTest;
let reader: string;
let stranger: string;
/** Global ids of inputs by what is special about them. */
const ids: Record<string, string> = {};

const width = 8;
const height = 4;
/** A picture whose red channel grows along the rows. */
const clean = Buffer.from(Array.from({ length: width * height }, (_, i) => [i * 4 + 20, 100, 200]).flat());

beforeAll(async () => {
  api = await startApiUnderTest();
  const { prisma } = api.database;
  const project = await prisma.project.create({ data: { slug: "pictures", name: "Pictures" } });
  const other = await prisma.project.create({ data: { slug: "other", name: "Other" } });
  reader = await api.token(["READ"], project.id);
  stranger = await api.token(["ADMIN"], other.id);
  const dataset = await prisma.dataset.create({
    data: { projectId: project.id, name: "pictures", classes: ["a", "b"] },
  });

  // The first channel 2 brighter and the second 3 darker: the largest whole factor is floor(127 / 3) = 42.
  const attacked = Buffer.from(
    clean.map((value, i) => (i % 3 === 0 ? value + 2 : i % 3 === 1 ? value - 3 : value)),
  );
  const raw = { raw: { width, height, channels: 3 } } as const;
  const photo = await sharp({ create: { width: 400, height: 200, channels: 3, background: "teal" } })
    .jpeg()
    .toBuffer();
  const pictures: Record<string, Uint8Array | null> = {
    clean: await sharp(clean, raw).png().toBuffer(),
    attacked: await sharp(attacked, raw).png().toBuffer(),
    photo,
    cropped: photo,
    svg: Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>',
    ),
    embedded: null,
  };
  let position = 0;
  let cleanInputId: bigint | undefined;
  for (const [name, bytes] of Object.entries(pictures)) {
    const imageSha256 = bytes && (await api.upload(project.id, bytes));
    const isAttacked = name === "attacked" || name === "cropped";
    const input = await prisma.input.create({
      data: {
        datasetId: dataset.id,
        position: position++,
        externalId: name,
        split: "TEST",
        imageSha256,
        cleanInputId: isAttacked ? cleanInputId : null,
      },
    });
    if (name === "clean") cleanInputId = input.id;
    ids[name] = encodeGlobalID("Input", input.id);
  }
});
afterAll(() => api.close());

function get(
  name: string,
  path: string,
  headers: Record<string, string> = {},
  token: string | null = reader,
) {
  return fetch(`${api.url}/inputs/${ids[name] ?? name}/${path}`, {
    headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
  });
}

async function pixels(response: Response) {
  expect(response.status).toBe(200);
  return sharp(Buffer.from(await response.arrayBuffer()))
    .raw()
    .toBuffer({ resolveWithObject: true });
}

async function refusal(response: Response) {
  const { errors } = (await response.json()) as { errors: { message: string; extensions: object }[] };
  return { status: response.status, message: errors[0].message, ...errors[0].extensions };
}

test("gives the picture as it was uploaded, to be kept for good", async () => {
  const response = await get("photo", "image");
  expect(response.headers.get("content-type")).toBe("image/jpeg");
  expect(response.headers.get("cache-control")).toBe("private, max-age=31536000, immutable");
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  const { data } = await pixels(response);
  expect(data.length).toBe(400 * 200 * 3);
  const etag = response.headers.get("etag") as string;
  const again = await get("photo", "image", { "if-none-match": etag });
  expect([again.status, await again.text()]).toEqual([304, ""]);
  expect((await get("photo", "image?size=64", { "if-none-match": etag })).status).toBe(200);
});

test("enlarges pixels to squares without inventing colours", async () => {
  const { data, info } = await pixels(await get("clean", "image?size=64"));
  expect([info.width, info.height, info.format]).toEqual([64, 32, "raw"]);
  for (const [x, y] of [
    [0, 0],
    [7, 7],
    [8, 0],
    [63, 31],
  ]) {
    const source = (Math.floor(y / 8) * width + Math.floor(x / 8)) * 3;
    const at = (y * 64 + x) * info.channels;
    expect([...data.subarray(at, at + 3)]).toEqual([...clean.subarray(source, source + 3)]);
  }
});

test("makes photographs smaller and keeps their kind", async () => {
  const response = await get("photo", "image?size=96");
  expect(response.headers.get("content-type")).toBe("image/jpeg");
  const { info } = await pixels(response);
  expect([info.width, info.height]).toEqual([96, 48]);
});

test("never hands on a format that may carry scripts", async () => {
  const response = await get("svg", "image");
  expect(response.headers.get("content-type")).toBe("image/png");
  expect(response.headers.get("content-security-policy")).toContain("sandbox");
  await pixels(response);
});

test("shows what an attack changed, around grey, with its factor", async () => {
  const response = await get("attacked", "difference");
  expect(response.headers.get("x-faultline-amplification")).toBe("42");
  expect(response.headers.get("content-type")).toBe("image/png");
  const { data, info } = await pixels(response);
  expect([info.width, info.height, info.channels]).toEqual([width, height, 3]);
  for (let i = 0; i < data.length; i += 3)
    expect([...data.subarray(i, i + 3)]).toEqual([128 + 2 * 42, 128 - 3 * 42, 128]);
  const large = await pixels(await get("attacked", "difference?size=128"));
  expect([large.info.width, large.info.height]).toEqual([128, 64]);
});

test("says why there is no picture, or no difference", async () => {
  expect(await refusal(await get("embedded", "image"))).toMatchObject({
    status: 404,
    field: "id",
    message: expect.stringContaining("only embeddings"),
  });
  expect(await refusal(await get("clean", "difference"))).toMatchObject({
    status: 404,
    message: expect.stringContaining("not made from a clean input"),
  });
  const cropped = await get("cropped", "difference");
  expect(cropped.headers.get("cache-control")).toBeNull();
  expect(await refusal(cropped)).toMatchObject({ status: 409, message: expect.stringContaining("400×200") });
  for (const query of ["size=65", "size=0", "size=64&size=32", "colour=red"])
    expect(await refusal(await get("clean", `image?${query}`))).toMatchObject({
      status: 400,
      code: "BAD_USER_INPUT",
    });
});

test("shows pictures only to who may read their project", async () => {
  expect((await get("photo", "image", {}, null)).status).toBe(401);
  const hidden = await refusal(await get("photo", "image", {}, stranger));
  const unknown = await refusal(await get(encodeGlobalID("Input", 999_999), "image", {}, stranger));
  expect([hidden.status, unknown.status]).toEqual([404, 404]);
  expect((await get("photo", "difference", {}, stranger)).status).toBe(404);
  for (const id of ["nonsense", encodeGlobalID("Run", "1"), encodeGlobalID("Input", "1 OR 1=1")])
    expect((await get(encodeURIComponent(id), "image")).status).toBe(404);
});
