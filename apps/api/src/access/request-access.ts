import type { ApiToken } from "@faultline/db";
import type { FastifyRequest } from "fastify";
import type { Services } from "../services.ts";
import { Access } from "./access.ts";
import { clientAddress } from "./failed-attempts.ts";
import { isLocal } from "./local-user.ts";
import { findToken, newSecret } from "./token-secret.ts";

/** Cookie of the dashboard's sign-in: the token itself, out of the reach of scripts. */
export const sessionCookie = "faultline_session";

/**
 * Who makes a request: the token in `Authorization: Bearer`, else in the session cookie, else, where the
 * server allows it, the local user. A token that is wrong is nobody; it never falls back.
 *
 * @throws TooManyAttemptsError
 */
export async function accessOf(
  request: FastifyRequest,
  services: Pick<Services, "prisma" | "tokens" | "failedAttempts" | "localUser">,
): Promise<Access> {
  const secret = bearer(request.headers.authorization) ?? request.cookies[sessionCookie];
  if (secret !== undefined) return new Access(await findToken(services, secret, clientAddress(request)));
  return new Access(
    services.localUser && isLocal(request, services.localUser) ? await localToken(services) : null,
  );
}

function bearer(header: string | undefined): string | undefined {
  return header === undefined ? undefined : (/^Bearer\s+(\S+)$/i.exec(header)?.[1] ?? "");
}

const localPrefix = "local-user";

/** The local user's token: a row like any other, but nobody knows a secret for it. */
async function localToken({ prisma, tokens }: Pick<Services, "prisma" | "tokens">): Promise<ApiToken> {
  const known = await tokens.byPrefix(localPrefix);
  if (known) return known;
  const { secretHash } = newSecret();
  return prisma.apiToken.upsert({
    where: { prefix: localPrefix },
    create: { name: "Local user of this machine", prefix: localPrefix, secretHash, scopes: ["ADMIN"] },
    update: {},
  });
}
