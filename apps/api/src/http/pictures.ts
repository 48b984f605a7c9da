import { createHash } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import sharp, { type Sharp } from "sharp";
import { z } from "zod";
import { requireNode } from "../access/reach.ts";
import { accessOf } from "../access/request-access.ts";
import { ConflictError, NotFoundError, parse } from "../errors.ts";
import type { Services } from "../services.ts";

interface PictureRoute {
  Params: { id: string };
  Querystring: Record<string, unknown>;
}

/** Sizes that a picture may be asked for: length of its longer side in pixels. A short list keeps caches warm. */
export const pictureSizes = [32, 64, 96, 128, 192, 256, 384, 512, 1024] as const;

/**
 * Pictures of inputs, for who may read their project. They never change, so browsers keep them.
 *
 * - `GET /inputs/:id/image`: as it was uploaded; with `?size=`, scaled: enlarged pixels stay sharp squares.
 * - `GET /inputs/:id/difference`: attacked − clean, amplified around grey, as PNG; the factor is in
 *   `x-faultline-amplification`.
 */
export function addPictures(fastify: FastifyInstance, services: Services): void {
  fastify.get<PictureRoute>("/inputs/:id/image", async (request, reply) => {
    const { size } = parse(query, request.query, "query");
    const { imageSha256, externalId } = await inputOf(request, services);
    const sha256 = existing(imageSha256, externalId);
    if (isCached(request, reply, sha256, size)) return reply.code(304).send();
    const bytes = await services.artifactStore.read(sha256);
    const { data, type } = await shown(bytes, size);
    return reply.type(type).send(data);
  });

  fastify.get<PictureRoute>("/inputs/:id/difference", async (request, reply) => {
    const { size } = parse(query, request.query, "query");
    const { imageSha256, externalId, cleanInput } = await inputOf(request, services);
    if (!cleanInput)
      throw new NotFoundError(
        "id",
        `"${externalId}" was not made from a clean input: there is no difference.`,
      );
    const attacked = existing(imageSha256, externalId);
    const clean = existing(cleanInput.imageSha256, cleanInput.externalId);
    if (isCached(request, reply, `${attacked}-${clean}`, size)) return reply.code(304).send();
    const { artifactStore } = services;
    const [a, c] = await Promise.all([artifactStore.read(attacked), artifactStore.read(clean)]);
    const { picture, amplification } = await difference(a, c);
    reply.header("x-faultline-amplification", amplification);
    return reply.type("image/png").send(await scaled(picture, size).png().toBuffer());
  });
}

const query = z.strictObject({
  size: z
    .string()
    .transform(Number)
    .refine((size) => (pictureSizes as readonly number[]).includes(size), {
      message: `Give one of ${pictureSizes.join(", ")}, or leave it out.`,
    })
    .optional(),
});

/** @throws UnauthenticatedError, ForbiddenError, NotFoundError */
async function inputOf(request: FastifyRequest<PictureRoute>, services: Services) {
  const access = await accessOf(request, services);
  access.require("READ");
  const id = await requireNode({ ...services, access }, "Input", request.params.id, "id");
  const picture = { imageSha256: true, externalId: true } as const;
  return services.prisma.input.findUniqueOrThrow({
    where: { id: BigInt(id) },
    select: { ...picture, cleanInput: { select: picture } },
  });
}

/** @throws NotFoundError for an input that is a row of brought embeddings only */
function existing(imageSha256: string | null, externalId: string): string {
  if (imageSha256 === null) throw new NotFoundError("id", `"${externalId}" has no picture, only embeddings.`);
  return imageSha256;
}

/** Sets the headers of what never changes; true when the client has it already. */
function isCached(
  { headers }: FastifyRequest<PictureRoute>,
  reply: FastifyReply,
  content: string,
  size: number | undefined,
): boolean {
  const etag = `"${createHash("sha256").update(`${content} ${size}`).digest("base64url").slice(0, 27)}"`;
  reply
    .header("cache-control", "private, max-age=31536000, immutable")
    .header("etag", etag)
    // Uploaded files are other people's: whatever they contain, no script of theirs may run here.
    .header("content-security-policy", "default-src 'none'; sandbox");
  return (headers["if-none-match"] ?? "")
    .split(",")
    .some((known) => known.trim().replace(/^W\//, "") === etag);
}

/** Formats that browsers show and that hold no scripts. */
const shownAsTheyAre: Record<string, string> = {
  png: "image/png",
  jpeg: "image/jpeg",
  webp: "image/webp",
  gif: "image/gif",
};

async function shown(bytes: Buffer, size: number | undefined): Promise<{ data: Buffer; type: string }> {
  const { format } = await sharp(bytes).metadata();
  const type = shownAsTheyAre[format];
  if (size === undefined && type) return { data: bytes, type };
  const picture = scaled(await decoded(bytes), size);
  if (format === "jpeg") return { data: await picture.jpeg({ quality: 90 }).toBuffer(), type: "image/jpeg" };
  return { data: await picture.png().toBuffer(), type: "image/png" };
}

/** Pixels as models see them: upright, 8 bits a channel of sRGB. */
interface Pixels {
  data: Buffer;
  width: number;
  height: number;
  channels: 1 | 2 | 3 | 4;
}

async function decoded(bytes: Buffer): Promise<Pixels> {
  const { data, info } = await sharp(bytes)
    .autoOrient()
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return { data, width, height, channels: channels as Pixels["channels"] };
}

/** Enlarged pixels stay squares, so that nothing is shown that is not there; Lanczos makes smaller. */
function scaled({ data, width, height, channels }: Pixels, size: number | undefined): Sharp {
  const picture = sharp(data, { raw: { width, height, channels } });
  if (size === undefined) return picture;
  const kernel = size > Math.max(width, height) ? "nearest" : "lanczos3";
  return picture.resize({ width: size, height: size, fit: "inside", kernel });
}

/**
 * Attacked − clean in RGB, times the largest whole factor that loses nothing, around mid-grey (128).
 *
 * @throws ConflictError when the pictures differ in size
 */
async function difference(
  attackedBytes: Buffer,
  cleanBytes: Buffer,
): Promise<{ picture: Pixels; amplification: number }> {
  const [attacked, clean] = await Promise.all([rgb(attackedBytes), rgb(cleanBytes)]);
  const { width, height } = attacked;
  if (width !== clean.width || height !== clean.height)
    throw new ConflictError(
      "id",
      `The attacked picture has ${width}×${height} pixels and the clean one ${clean.width}×${clean.height}: ` +
        "they cannot be subtracted. Upload both in one size.",
    );
  let largest = 1;
  for (let i = 0; i < clean.data.length; i++)
    largest = Math.max(largest, Math.abs(attacked.data[i] - clean.data[i]));
  const amplification = Math.max(Math.floor(127 / largest), 1);
  const data = Buffer.alloc(clean.data.length);
  for (let i = 0; i < data.length; i++) {
    const value = 128 + amplification * (attacked.data[i] - clean.data[i]);
    data[i] = Math.min(Math.max(value, 0), 255);
  }
  return { picture: { data, width, height, channels: 3 }, amplification };
}

async function rgb(bytes: Buffer): Promise<Pixels> {
  const { data, info } = await sharp(bytes)
    .autoOrient()
    .toColourspace("srgb")
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: 3 };
}
