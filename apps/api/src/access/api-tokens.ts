import { z } from "zod";
import { builder } from "../builder.ts";
import { connectionOf } from "../connection-of.ts";
import { TokenScopeType } from "../enums.ts";
import { ForbiddenError, NotFoundError, parse, ValidationError } from "../errors.ts";
import { name } from "../names.ts";
import { optionalNode, requireNode } from "./reach.ts";
import { newSecret } from "./token-secret.ts";

export const ApiTokenType = builder.prismaNode("ApiToken", {
  description: "A token of this API. Its secret is not kept, only a hash of it.",
  id: { field: "id" },
  fields: (t) => ({
    name: t.exposeString("name", { description: "What it is for." }),
    prefix: t.exposeString("prefix", {
      description: "The part between `flt_` and the secret; names it in logs.",
    }),
    scopes: t.expose("scopes", {
      type: [TokenScopeType],
      description: "What it may do.",
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was made." }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      nullable: true,
      description: "When it ends; null: never.",
    }),
    lastUsedAt: t.expose("lastUsedAt", {
      type: "DateTime",
      nullable: true,
      description: "Last use, exact to a minute.",
    }),
    revokedAt: t.expose("revokedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was revoked.",
    }),
  }),
});

export const apiTokenPage = connectionOf("ApiToken", ApiTokenType);

interface ViewerShape {
  tokenId: string;
  projectId: string | null;
}

const ViewerType = builder.objectRef<ViewerShape>("Viewer").implement({
  description: "Who asks.",
  fields: (t) => ({
    token: t.prismaField({
      type: ApiTokenType,
      description: "The token that this request is made with.",
      resolve: (query, { tokenId }, _args, { prisma }) =>
        prisma.apiToken.findUniqueOrThrow({ ...query, where: { id: tokenId } }),
    }),
    project: t.prismaField({
      type: "Project",
      nullable: true,
      description: "The token's project; null for a token of the whole installation.",
      resolve: (query, { projectId }, _args, { prisma }) =>
        projectId === null ? null : prisma.project.findUnique({ ...query, where: { id: projectId } }),
    }),
  }),
});

builder.queryField("viewer", (t) =>
  t.field({
    type: ViewerType,
    nullable: true,
    // The one open field: it says "nobody" to someone without a token.
    skipTypeScopes: true,
    description: "The token that this request is made with; null when there is none.",
    resolve: (_root, _args, { access: { token } }) =>
      token && { tokenId: token.id, projectId: token.projectId },
  }),
);

const CreatedApiTokenType = builder.objectRef<{ id: string; secret: string }>("CreatedApiToken").implement({
  description: "A new token, with its secret: the only time that it is shown.",
  fields: (t) => ({
    token: t.prismaField({
      type: ApiTokenType,
      description: "The token.",
      resolve: (query, { id }, _args, { prisma }) =>
        prisma.apiToken.findUniqueOrThrow({ ...query, where: { id } }),
    }),
    secret: t.exposeString("secret", {
      description: "`flt_<prefix>_<secret>`; keep it, it is not shown again.",
    }),
  }),
});

const CreateApiTokenInput = builder.inputType("CreateApiTokenInput", {
  description: "A new token.",
  fields: (t) => ({
    projectId: t.id({
      description:
        "The one project that it reaches. Left out: your own project, or all of them for an installation's token.",
    }),
    name: t.string({ required: true, description: "What it is for." }),
    scopes: t.field({ type: [TokenScopeType], required: true, description: "What it may do; at least one." }),
    expiresAt: t.field({ type: "DateTime", description: "When it ends; never, when left out." }),
  }),
});

const newToken = z.object({
  name,
  scopes: z.array(z.enum(["READ", "WRITE", "ADMIN"])).min(1, "Give at least one scope."),
  expiresAt: z
    .date()
    .refine((date) => date > new Date(), "Give a moment in the future.")
    .nullish(),
});

builder.mutationField("createApiToken", (t) =>
  t.field({
    type: CreatedApiTokenType,
    description: "Makes a token. Needs the admin scope.",
    authScopes: { admin: true },
    errors: { types: [ValidationError, NotFoundError, ForbiddenError] },
    args: { input: t.arg({ type: CreateApiTokenInput, required: true, description: "The token." }) },
    resolve: async (_root, { input }, context) => {
      const { prisma, access } = context;
      const { name, scopes, expiresAt } = parse(newToken, input, "input");
      const projectId =
        (await optionalNode(context, "Project", input.projectId, "input.projectId")) ??
        access.token?.projectId ??
        null;
      const { prefix, secret, secretHash } = newSecret();
      const { id } = await prisma.apiToken.create({
        data: { projectId, name, scopes: [...new Set(scopes)], expiresAt, prefix, secretHash },
        select: { id: true },
      });
      return { id, secret };
    },
  }),
);

builder.mutationField("revokeApiToken", (t) =>
  t.prismaField({
    type: ApiTokenType,
    description: "Ends a token at once and for good. Needs the admin scope.",
    authScopes: { admin: true },
    errors: { types: [NotFoundError, ForbiddenError] },
    args: { id: t.arg.id({ required: true, description: "The token." }) },
    resolve: async (query, _root, args, context) => {
      const id = await requireNode(context, "ApiToken", args.id, "id");
      const { prisma, tokens } = context;
      const revoked = await prisma.apiToken.updateManyAndReturn({
        where: { id, revokedAt: null },
        data: { revokedAt: new Date() },
        select: { prefix: true },
      });
      // Other processes are told by the database; this one does not even wait for that.
      for (const { prefix } of revoked) tokens.forget(prefix);
      return prisma.apiToken.findUniqueOrThrow({ ...query, where: { id } });
    },
  }),
);
