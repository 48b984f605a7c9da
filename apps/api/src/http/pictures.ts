import { createHash } from "node:crypto";
import {
  type AcceptedPicture,
  acceptPicture,
  LARGE_PICTURE_PIXELS,
  MAX_PICTURE_BYTES,
  pictureFormat,
  UnacceptedPictureError,
} from "@faultline/inference";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import sharp, { type Sharp } from "sharp";
import { z } from "zod";
import { requireNode } from "../access/reach.ts";
import { accessOf } from "../access/request-access.ts";
import { ConflictError, NotFoundError, parse } from "../errors.ts";
import { Places } from "../places.ts";
import type { Services } from "../services.ts";
import { RequestError } from "./error-answers.ts";

interface PictureRoute {
  Params: { id: string };
  Querystring: Record<string, unknown>;
}

/** Sizes that a picture may be asked for: length of its longer side in pixels. A short list keeps caches warm. */
export const pictureSizes = [32, 64, 96, 128, 192, 256, 384, 512, 1024] as const;

/** Longest side of a difference: what is larger is made smaller before it is subtracted. */
const differenceSize = 1024;

// A hundred thumbnails of a page are asked for at once; large pictures take up to 250 MB each while they are decoded.
const thumbnails = new Places("pictures", { atOnce: 8, waiting: 512, ofOneTenant: 260 });
const largePictures = new Places("large pictures", { atOnce: 1, waiting: 32, ofOneTenant: 8 });

/** Files that may be read before anybody knows how large their pictures are. */
const smallFileBytes = 2 ** 20;

/**
 * Pictures of inputs, for who may read their project: PNG, JPEG and WebP of at most 25 megapixels; others are answered
 * by 422. They never change, so browsers keep them.
 *
 * - `GET /inputs/:id/image`: as it was uploaded; with `?size=`, scaled: enlarged pixels stay sharp squares.
 * - `GET /inputs/:id/difference`: attacked − clean, amplified around grey, as PNG, at most 1,024 pixels a side; the
 *   factor is in `x-faultline-amplification`.
 */
export function addPictures(fastify: FastifyInstance, services: Services): void {
  const { artifactStore } = services;
  fastify.get<PictureRoute>("/inputs/:id/image", async (request, reply) => {
    const { size } = parse(query, request.query, "query");
    const { imageSha256, externalId, projectId } = await inputOf(request, services);
    const sha256 = existing(imageSha256, externalId);
    if (isCached(request, reply, sha256, size)) return reply.code(304).send();
    if (size !== undefined) {
      const { data, type } = await inPlace(artifactStore, [sha256], projectId, ([picture]) =>
        scaled(picture, size),
      );
      return reply.type(type).send(data);
    }
    const bytes = await artifactStore.size(sha256);
    const format = pictureFormat(await artifactStore.readRange(sha256, 0, Math.min(12, bytes)));
    if (!format) throw unreadable("is not a PNG, JPEG or WebP image");
    return reply
      .type(`image/${format}`)
      .header("content-length", bytes)
      .header("content-disposition", `inline; filename="${sha256.slice(0, 16)}.${format}"`)
      .send(await artifactStore.stream(sha256));
  });

  fastify.get<PictureRoute>("/inputs/:id/difference", async (request, reply) => {
    const { size } = parse(query, request.query, "query");
    const { imageSha256, externalId, cleanInput, projectId } = await inputOf(request, services);
    if (!cleanInput)
      throw new NotFoundError(
        "id",
        `"${externalId}" was not made from a clean input: there is no difference.`,
      );
    const attacked = existing(imageSha256, externalId);
    const clean = existing(cleanInput.imageSha256, cleanInput.externalId);
    if (isCached(request, reply, `${attacked}-${clean}`, size)) return reply.code(304).send();
    const { data, amplification } = await inPlace(artifactStore, [attacked, clean], projectId, ([a, c]) =>
      difference(a, c, size),
    );
    reply.header("x-faultline-amplification", amplification);
    return reply.type("image/png").send(data);
  });
}

/**
 * Does something with stored pictures, in a place for it: small ones beside each other, large ones one at a time.
 *
 * @throws BusyError; RequestError 422 where one is not accepted or cannot be decoded
 */
async function inPlace<T>(
  store: Services["artifactStore"],
  hashes: readonly string[],
  projectId: string,
  work: (pictures: AcceptedPicture[]) => Promise<T>,
): Promise<T> {
  const sizes = await Promise.all(hashes.map((sha256) => store.size(sha256)));
  if (Math.max(...sizes) > MAX_PICTURE_BYTES) throw unreadable(`has more than ${MAX_PICTURE_BYTES} bytes`);
  const accepted = () => Promise.all(hashes.map(async (sha256) => acceptPicture(await store.read(sha256))));
  const isLarge = ({ width, height }: AcceptedPicture) => width * height > LARGE_PICTURE_PIXELS;
  try {
    if (Math.max(...sizes) <= smallFileBytes) {
      const done = await thumbnails.run(projectId, async () => {
        const pictures = await accepted();
        return pictures.some(isLarge) ? undefined : { result: await work(pictures) };
      });
      if (done) return done.result;
    }
    return await largePictures.run(projectId, async () => work(await accepted()));
  } catch (error) {
    if (error instanceof UnacceptedPictureError) throw unreadable(error.message);
    throw error;
  }
}

function unreadable(reason: string): RequestError {
  return new RequestError(
    422,
    "UNREADABLE_PICTURE",
    `The picture ${reason}. Replace it by a PNG, JPEG or WebP image.`,
  );
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
  const input = await services.prisma.input.findUniqueOrThrow({
    where: { id: BigInt(id) },
    select: { ...picture, cleanInput: { select: picture }, dataset: { select: { projectId: true } } },
  });
  return { ...input, projectId: input.dataset.projectId };
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

/** Enlarged pixels stay squares, so that nothing is shown that is not there; Lanczos makes smaller. */
async function scaled(
  { format, width, height, pixels }: AcceptedPicture,
  size: number,
): Promise<{ data: Buffer; type: string }> {
  const kernel = size > Math.max(width, height) ? "nearest" : "lanczos3";
  const picture = pixels().toColourspace("srgb").resize({ width: size, height: size, fit: "inside", kernel });
  const { data, info } = await output(format === "jpeg" ? picture.jpeg({ quality: 90 }) : picture.png());
  return { data, type: `image/${info.format}` };
}

/** What a pipeline gives. @throws UnacceptedPictureError where the picture in it turns out to be damaged */
async function output(pipeline: Sharp) {
  try {
    return await pipeline.toBuffer({ resolveWithObject: true });
  } catch (error) {
    throw new UnacceptedPictureError(`cannot be decoded: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Attacked − clean in RGB, times the largest whole factor that loses nothing, around mid-grey (128), as PNG.
 *
 * @throws ConflictError when the pictures differ in size
 */
async function difference(
  attacked: AcceptedPicture,
  clean: AcceptedPicture,
  size: number | undefined,
): Promise<{ data: Buffer; amplification: number }> {
  if (attacked.width !== clean.width || attacked.height !== clean.height)
    throw new ConflictError(
      "id",
      `The attacked picture has ${attacked.width}×${attacked.height} pixels and the clean one ` +
        `${clean.width}×${clean.height}: they cannot be subtracted. Upload both in one size.`,
    );
  // One after the other: each may take what one may take.
  const [a, c] = [await rgb(attacked), await rgb(clean)];
  let largest = 1;
  for (let i = 0; i < c.data.length; i++) largest = Math.max(largest, Math.abs(a.data[i] - c.data[i]));
  const amplification = Math.max(Math.floor(127 / largest), 1);
  const shown = Buffer.alloc(c.data.length);
  for (let i = 0; i < shown.length; i++) {
    const value = 128 + amplification * (a.data[i] - c.data[i]);
    shown[i] = Math.min(Math.max(value, 0), 255);
  }
  const { width, height } = c;
  const picture = sharp(shown, { raw: { width, height, channels: 3 } });
  if (size !== undefined) {
    const kernel = size > Math.max(width, height) ? "nearest" : "lanczos3";
    picture.resize({ width: size, height: size, fit: "inside", kernel });
  }
  return { data: (await output(picture.png())).data, amplification };
}

/** 8 bits a channel of sRGB, no larger than a difference is shown. */
async function rgb(picture: AcceptedPicture): Promise<{ data: Buffer; width: number; height: number }> {
  const pipeline = picture
    .pixels()
    .resize({ width: differenceSize, height: differenceSize, fit: "inside", withoutEnlargement: true })
    .removeAlpha()
    .toColourspace("srgb")
    .raw({ depth: "uchar" });
  const { data, info } = await output(pipeline);
  const { width, height } = info;
  if (info.channels === 3) return { data, width, height };
  const expanded = Buffer.alloc(3 * data.length);
  for (let i = 0; i < data.length; i++) expanded.fill(data[i], 3 * i, 3 * i + 3);
  return { data: expanded, width, height };
}
