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
    grey: await sharp(clean.subarray(0, width * height), { raw: { width, height, channels: 1 } })
      .toColourspace("b-w")
      .png()
      .toBuffer(),
    large: await sharp({ create: { width: 2600, height: 1700, channels: 3, background: "teal" } })
      .png()
      .toBuffer(),
    brighter: await sharp({ create: { width: 2600, height: 1700, channels: 3, background: "#008084" } })
      .png()
      .toBuffer(),
    truncated: photo.subarray(0, photo.length / 2),
    gif: await sharp(clean, raw).gif().toBuffer(),
    html: Buffer.from("<!doctype html><script>alert(1)</script>"),
    empty: Buffer.alloc(0),
    svg: Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>',
    ),
    embedded: null,
  };
  let position = 0;
  let cleanInputId: bigint | undefined;
  for (const [name, bytes] of Object.entries(pictures)) {
    const imageSha256 = bytes && (await api.upload(project.id, bytes));
    const isAttacked = ["attacked", "cropped", "grey", "brighter"].includes(name);
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
    if (name === "clean" || name === "large") cleanInputId = input.id;
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

test("never hands on, nor decodes, what is no PNG, JPEG or WebP", async () => {
  for (const name of ["svg", "html", "gif", "empty"])
    for (const path of ["image", "image?size=64"])
      expect(await refusal(await get(name, path)), `${name} ${path}`).toMatchObject({
        status: 422,
        code: "UNREADABLE_PICTURE",
        message: "The picture is not a PNG, JPEG or WebP image. Replace it by a PNG, JPEG or WebP image.",
      });
  expect(await refusal(await get("truncated", "image?size=64"))).toMatchObject({
    status: 422,
    message: expect.stringContaining("cannot be decoded"),
  });
});

test("what is handed on as it is can only be a picture", async () => {
  const { headers } = await get("photo", "image");
  expect(headers.get("content-security-policy")).toBe("default-src 'none'; sandbox");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("content-disposition")).toMatch(/^inline; filename="[0-9a-f]{16}\.jpeg"$/);
  expect((await get("clean", "image")).headers.get("content-type")).toBe("image/png");
});

test("large pictures are made smaller before they are subtracted; grey ones have three channels, too", async () => {
  const response = await get("brighter", "difference");
  const { data, info } = await pixels(response);
  expect([info.width, info.height]).toEqual([1024, 670]);
  // 4 brighter in blue, times floor(127 / 4).
  expect(response.headers.get("x-faultline-amplification")).toBe("31");
  expect([...data.subarray(0, 3)]).toEqual([128, 128, 128 + 4 * 31]);
  const grey = await pixels(await get("grey", "difference"));
  expect([grey.info.width, grey.info.height, grey.info.channels]).toEqual([width, height, 3]);
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
