import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import type { ApiToken } from "@faultline/db";
import type { Services } from "../services.ts";

const shape = /^flt_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

export interface NewSecret {
  /** Names the token in lists and logs; not secret. */
  prefix: string;
  /** The whole token, `flt_<prefix>_<secret>`; shown once. */
  secret: string;
  secretHash: Uint8Array<ArrayBuffer>;
}

/**
 * A new token with 256 random bits. One sha-256 is enough to store it by: a slow hash protects secrets that
 * can be guessed, which 256 bits cannot.
 */
export function newSecret(): NewSecret {
  const prefix = randomBytes(6).toString("hex");
  const secret = `flt_${prefix}_${randomBytes(32).toString("base64url")}`;
  return { prefix, secret, secretHash: hashOf(secret) };
}

/**
 * The row of a token that is neither revoked nor expired; null for anything else.
 *
 * @param address where the request comes from: too many failures from there are refused without a look into the
 *   database, but for tokens that were valid here before
 * @throws TooManyAttemptsError
 */
export async function findToken(
  { prisma, tokens, failedAttempts }: Pick<Services, "prisma" | "tokens" | "failedAttempts">,
  secret: string,
  address: string,
): Promise<ApiToken | null> {
  const prefix = shape.exec(secret)?.[1];
  if (!prefix || !tokens.hasHeld(prefix)) failedAttempts.check(address);
  const token = prefix ? await tokens.byPrefix(prefix) : null;
  if (!token || !timingSafeEqual(token.secretHash, hashOf(secret)) || !holds(token)) {
    failedAttempts.note(address);
    return null;
  }
  tokens.noteHeld(token.prefix);
  await noteUse(prisma, token);
  return token;
}

/** Whether a token is neither revoked nor expired. */
export function holds({ revokedAt, expiresAt }: ApiToken): boolean {
  return !revokedAt && !(expiresAt && expiresAt <= new Date());
}

const precision = 60_000;

/** `lastUsedAt` is exact to a minute, so that a busy token does not write at every request. */
async function noteUse(prisma: Services["prisma"], token: ApiToken): Promise<void> {
  const now = new Date();
  if (token.lastUsedAt && now.getTime() - token.lastUsedAt.getTime() < precision) return;
  await prisma.apiToken.update({ where: { id: token.id }, data: { lastUsedAt: now } });
}

function hashOf(secret: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hash("sha256", secret, "buffer"));
}
