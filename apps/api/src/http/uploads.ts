import { ArtifactError, claimArtifacts, StorageError, UploadError } from "@faultline/db";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Access } from "../access/access.ts";
import { accessOf } from "../access/request-access.ts";
import { NotFoundError, parse, ValidationError } from "../errors.ts";
import type { Services } from "../services.ts";
import { partOf } from "./content-range.ts";
import { unlimited } from "./deadline.ts";
import { RequestError } from "./error-answers.ts";

interface UploadRoute {
  Params: { sha256: string };
}

/**
 * Uploads by content hash, streamed to disk and resumable:
 *
 * - `HEAD /uploads/:sha256`: 200 when the project has it; else 404, with the bytes received so far in
 *   `Upload-Offset`.
 * - `PUT /uploads/:sha256`: the whole content, or a part with `Content-Range: bytes start-end/total`. 201 when
 *   that completed it, 200 when the project had it already, 202 with `Upload-Offset` while bytes are missing.
 *   Bytes that had arrived before are skipped, so that sending everything again resumes as well. What the project
 *   has is read again first: where it is damaged, the upload heals it.
 * - `DELETE /uploads/:sha256`: 204; throws an unfinished upload away. What is finished stays.
 *
 * Room is reserved before anything is taken: 413 QUOTA_EXCEEDED beyond the project's quota, 429 TOO_MANY_UPLOADS beyond
 * the bounds of unfinished uploads, 507 INSUFFICIENT_STORAGE when the disk has too little left.
 *
 * The scope WRITE is needed. The project is the token's own, or the one whose slug `x-faultline-project` names.
 */
export function addUploads(fastify: FastifyInstance, services: Services): void {
  fastify.register(async (scope) => {
    // The body is the content, whatever its type: nothing may parse it.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload));

    scope.route<UploadRoute>({
      method: "HEAD",
      url: "/uploads/:sha256",
      handler: async (request, reply) => {
        const { projectId, sha256 } = await uploadOf(request, services);
        const { artifactStore } = services;
        if ((await isKnown(projectId, sha256, services)) && (await artifactStore.has(sha256)))
          return reply.code(200).send();
        const received = await services.uploads.received(projectId, sha256);
        return reply.code(404).header("upload-offset", received).send();
      },
    });

    scope.route<UploadRoute>({
      method: "PUT",
      url: "/uploads/:sha256",
      ...unlimited,
      handler: (request, reply) => receive(request, reply, services),
    });

    scope.route<UploadRoute>({
      method: "DELETE",
      url: "/uploads/:sha256",
      handler: async (request, reply) => {
        const { projectId, sha256 } = await uploadOf(request, services);
        await services.uploads.abandon(projectId, sha256).catch((error) => {
          throw refusalOf(error, reply, services.uploads.maxBytes);
        });
        return reply.code(204).send();
      },
    });
  });
}

async function receive(
  request: FastifyRequest<UploadRoute>,
  reply: FastifyReply,
  services: Services,
): Promise<FastifyReply> {
  const { uploads, artifactStore } = services;
  const { projectId, sha256 } = await uploadOf(request, services);
  const part = partOf(request.headers);
  if (
    (await isKnown(projectId, sha256, services)) &&
    (await artifactStore.has(sha256)) &&
    (await artifactStore.verify(sha256)) === "SOUND"
  )
    return reply.code(200).send({ sha256 });
  if ((part.total ?? part.length ?? 0) > uploads.maxBytes) throw tooLarge(reply, uploads.maxBytes);
  const body = request.body as AsyncIterable<Buffer> | undefined;
  if (!body)
    throw ValidationError.of(
      "body",
      "It is empty. Send the content of the file whose sha256 is in the path.",
    );

  const before = await uploads.received(projectId, sha256);
  if (part.start > before) throw gap(reply, part.start, before);
  try {
    const content = beginningAt(before - part.start, body, part.length);
    const received = await uploads.append(projectId, sha256, before, content, part.total ?? part.length);
    if (part.total !== undefined && received < part.total)
      return reply.code(202).header("upload-offset", received).send({ sha256, received, total: part.total });
    const stored = await uploads.finish(projectId, sha256);
    return reply.code(201).header("location", `/uploads/${sha256}`).send(stored);
  } catch (error) {
    throw refusalOf(error, reply, uploads.maxBytes);
  }
}

const path = z.object({
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "Give the content's sha256 in 64 lower-case hexadecimal digits."),
});

/** Who uploads what where. @throws UnauthenticatedError, ForbiddenError, ValidationError, NotFoundError */
async function uploadOf(request: FastifyRequest<UploadRoute>, services: Services) {
  const access = await accessOf(request, services);
  access.require("WRITE");
  const { sha256 } = parse(path, request.params, "path");
  return { sha256, projectId: await projectOf(request, access, services) };
}

const projectHeader = "x-faultline-project";

async function projectOf(
  { headers }: FastifyRequest<UploadRoute>,
  { token, reach }: Access,
  { prisma }: Services,
): Promise<string> {
  const slug = headers[projectHeader]?.toString();
  if (slug === undefined) {
    if (token?.projectId) return token.projectId;
    throw ValidationError.of(
      projectHeader,
      "This token reaches several projects. Name the upload's project, by its slug, in this header.",
    );
  }
  const project = await prisma.project.findFirst({ where: { AND: [reach, { slug }] }, select: { id: true } });
  if (project) return project.id;
  throw new NotFoundError(projectHeader, `There is no project "${slug}" within reach of this token.`);
}

/** Whether the project may refer to the content, whatever has become of it in the store; it may then for a day more. */
async function isKnown(projectId: string, sha256: string, { pool }: Services): Promise<boolean> {
  return (await claimArtifacts(pool, projectId, [sha256])).has(sha256);
}

/** The content without what has arrived before. @throws RequestError when more comes than was announced */
async function* beginningAt(
  skipped: number,
  body: AsyncIterable<Buffer>,
  length = Number.POSITIVE_INFINITY,
): AsyncGenerator<Buffer, void, undefined> {
  let position = 0;
  for await (const chunk of body) {
    const fresh = Math.max(skipped - position, 0);
    position += chunk.length;
    if (position > length)
      throw new RequestError(
        400,
        "BAD_USER_INPUT",
        `More than the ${length} bytes of its Content-Range came.`,
      );
    if (fresh < chunk.length) yield chunk.subarray(fresh);
  }
}

/** Whoever sends what is not taken is not listened to until the end. */
function endAfter(reply: FastifyReply): void {
  reply.header("connection", "close");
}

function tooLarge(reply: FastifyReply, maxBytes: number): RequestError {
  endAfter(reply);
  return new RequestError(
    413,
    "TOO_LARGE",
    `An upload has at most ${maxBytes} bytes here. Split the dataset, or raise the server's limit.`,
  );
}

function gap(reply: FastifyReply, start: number, received: number): RequestError {
  reply.header("upload-offset", received);
  return new RequestError(
    416,
    "OFFSET_MISMATCH",
    `Byte ${received} comes next, not ${start}. Go on from Upload-Offset, which HEAD tells too.`,
  );
}

function refusalOf(error: unknown, reply: FastifyReply, maxBytes: number): unknown {
  if (error instanceof UploadError) {
    if (error.code === "TOO_LARGE") return tooLarge(reply, maxBytes);
    endAfter(reply);
    reply.header("upload-offset", error.received).header("retry-after", 1);
    return new RequestError(
      409,
      error.code,
      "Another request is writing this upload. Ask HEAD for the offset, and go on from there.",
    );
  }
  if (error instanceof StorageError) {
    endAfter(reply);
    const { usedBytes, reservedBytes, quotaBytes } = error.usage;
    return new RequestError(error.code === "QUOTA_EXCEEDED" ? 413 : 429, error.code, error.message, {
      usedBytes,
      reservedBytes,
      quotaBytes,
    });
  }
  if (error instanceof ArtifactError) {
    if (error.code === "NO_SPACE") endAfter(reply);
    if (error.code === "HASH_MISMATCH") return new RequestError(422, error.code, error.message);
    if (error.code === "TOO_LARGE") return tooLarge(reply, maxBytes);
    // A request that came at the same time finished it.
    if (error.code === "NOT_FOUND")
      return new RequestError(409, "BUSY", "Another request finished this upload. Ask HEAD for its state.");
  }
  if (error instanceof Error && "code" in error && error.code === "ECONNRESET")
    return new RequestError(400, "CONNECTION_LOST", "The connection ended before the content did.");
  return error;
}
