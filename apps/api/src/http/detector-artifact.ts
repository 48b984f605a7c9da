import type { FastifyInstance } from "fastify";
import { requireNode } from "../access/reach.ts";
import { accessOf } from "../access/request-access.ts";
import type { Services } from "../services.ts";

interface ArtifactRoute {
  Params: { id: string };
}

/** `GET /detectors/:id/artifact.json`: the detector for a service of one's own (`detectorFromArtifact` of core). */
export function addDetectorArtifact(fastify: FastifyInstance, services: Services): void {
  fastify.get<ArtifactRoute>("/detectors/:id/artifact.json", async (request, reply) => {
    const access = await accessOf(request, services);
    access.require("READ");
    const id = await requireNode({ ...services, access }, "Detector", request.params.id, "id");
    const { artifactSha256, name, version } = await services.prisma.detector.findUniqueOrThrow({
      where: { id },
      select: { artifactSha256: true, name: true, version: true },
    });
    const etag = `"${artifactSha256}"`;
    const fileName = `${name.replace(/[^\w.-]+/g, "-")}-v${version}.json`;
    reply
      .header("cache-control", "private, max-age=31536000, immutable")
      .header("etag", etag)
      .header("content-disposition", `attachment; filename="${fileName}"`);
    if (request.headers["if-none-match"] === etag) return reply.code(304).send();
    const { artifactStore } = services;
    return reply
      .type("application/json; charset=utf-8")
      .header("content-length", await artifactStore.size(artifactSha256))
      .send(await artifactStore.stream(artifactSha256));
  });
}
