import type { StorageUsage } from "@faultline/db";
import { z } from "zod";
import { builder } from "../builder.ts";
import { ForbiddenError, NotFoundError, parse, ValidationError } from "../errors.ts";
import { ProjectType } from "./projects.ts";
import { requireNode } from "./reach.ts";

const ProjectStorageType = builder.objectRef<StorageUsage>("ProjectStorage").implement({
  description: "What a project stores, in bytes: whole numbers, though wider than an Int.",
  fields: (t) => ({
    usedBytes: t.exposeFloat("usedBytes", {
      description: "Its uploads, and what was derived from them when they were registered.",
    }),
    reservedBytes: t.exposeFloat("reservedBytes", {
      description: "What its unfinished uploads will come to; counts towards the quota.",
    }),
    quotaBytes: t.exposeFloat("quotaBytes", { description: "The most that both may come to." }),
    unfinishedUploads: t.exposeInt("unfinishedUploads", {
      description: "Uploads that have begun. Removed a day after their last byte came.",
    }),
  }),
});

builder.prismaObjectField(ProjectType, "storage", (t) =>
  t.loadable({
    type: ProjectStorageType,
    description: "What it stores, and how much it may.",
    load: (ids: string[], { storage }) => storage.usage(ids),
    resolve: ({ id }) => id,
  }),
);

const quota = z
  .int("Give a whole number of bytes.")
  .min(0, "Give a number of bytes, at least 0.")
  .max(Number.MAX_SAFE_INTEGER)
  .nullish();

builder.mutationField("setProjectQuota", (t) =>
  t.prismaField({
    type: ProjectType,
    description:
      "Sets how much a project may store. What it stores already stays. Needs a token with the admin scope that is not bound to a project.",
    authScopes: { admin: true },
    errors: { types: [ValidationError, NotFoundError, ForbiddenError] },
    args: {
      id: t.arg.id({ required: true, description: "The project." }),
      quotaBytes: t.arg.float({
        description: "Bytes, a whole number; null or left out: the installation's default.",
      }),
    },
    resolve: async (query, _root, { id: globalId, quotaBytes }, context) => {
      if (context.access.token?.projectId != null) throw new ForbiddenError("ADMIN");
      const id = await requireNode(context, "Project", globalId, "id");
      const bytes = parse(quota, quotaBytes, "quotaBytes");
      return context.prisma.project.update({ ...query, where: { id }, data: { quotaBytes: bytes ?? null } });
    },
  }),
);
