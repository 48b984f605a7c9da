import { encodeGlobalID } from "@pothos/plugin-relay";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectUnharmed, type HostileTarget, startHostileTarget } from "./hostile-target.ts";

let target: HostileTarget;
let reader: string;
const ids: Record<string, string> = {};

/** As many pixels as are accepted, and as dear as they get. */
const side = 5_000;
const flat = (channels: 3 | 4, of = side) =>
  sharp({ create: { width: of, height: of, channels, background: { r: 0, g: 128, b: 128, alpha: 0.5 } } });

beforeAll(async () => {
  target = await startHostileTarget();
  const { prisma } = target.database;
  const project = await prisma.project.create({ data: { slug: "bombs", name: "Bombs" } });
  reader = await target.token(["READ"], project.id);
  const dataset = await prisma.dataset.create({
    data: { projectId: project.id, name: "bombs", classes: ["a", "b"] },
  });
  const pictures: Record<string, Buffer> = {
    // 103 bytes that an SVG renderer would make 16,000×16,000 pixels of.
    svg: Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="16000" height="16000"><rect width="9" height="9"/></svg>',
    ),
    beyond: await flat(3, side + 1)
      .png()
      .toBuffer(),
    interlaced: await flat(4).toColourspace("rgb16").png({ progressive: true }).toBuffer(),
    progressive: await flat(3).jpeg({ progressive: true, chromaSubsampling: "4:4:4" }).toBuffer(),
    webp: await flat(4).webp({ lossless: true }).toBuffer(),
  };
  let cleanInputId: bigint | null = null;
  for (const [position, [name, bytes]] of Object.entries(pictures).entries()) {
    const imageSha256 = await target.upload(project.id, bytes);
    const row = { datasetId: dataset.id, position, externalId: name, split: "TEST" as const, imageSha256 };
    const input: { id: bigint } = await prisma.input.create({ data: { ...row, cleanInputId } });
    // Each is subtracted from the one before.
    cleanInputId = input.id;
    ids[name] = encodeGlobalID("Input", input.id);
  }
}, 600_000);
afterAll(() => target.close());

async function get(name: string, what: string) {
  const response = await fetch(`${target.url}/inputs/${ids[name]}/${what}`, {
    headers: { authorization: `Bearer ${reader}` },
  });
  const { length } = Buffer.from(await response.arrayBuffer());
  return { status: response.status, type: response.headers.get("content-type"), length };
}

describe("pictures", () => {
  it.each([
    ["svg", "image"],
    ["svg", "image?size=64"],
    ["beyond", "image?size=64"],
    ["beyond", "difference"],
  ])("8: %s as %s is refused", async (name, what) => {
    const { result, observed } = await target.observe(() => get(name, what));
    expect(result.status).toBe(422);
    expectUnharmed(observed);
  });

  it.each([
    ["interlaced", "image?size=256", 200],
    ["progressive", "image?size=1024", 200],
    ["webp", "image?size=32", 200],
    ["progressive", "difference", 200],
    ["webp", "difference?size=1024", 200],
    ["interlaced", "difference", 422],
  ])(
    "8: %s as %s is answered by %i, within bounds",
    async (name, what, status) => {
      const { result, observed } = await target.observe(() => get(name, what));
      expect(result.status).toBe(status);
      expectUnharmed(observed);
    },
    120_000,
  );

  it("8: many at once take turns", async () => {
    const { result, observed } = await target.observe(() =>
      Promise.all(Array.from({ length: 12 }, () => get("progressive", "image?size=64"))),
    );
    const statuses = result.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array(8).fill(200), ...Array(4).fill(503)]);
    expectUnharmed(observed);
  }, 240_000);
});
