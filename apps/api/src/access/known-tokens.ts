import type { ApiToken, Database, Notifications } from "@faultline/db";
import { LRUCache } from "lru-cache";

interface Known {
  token: ApiToken;
  unsubscribe: () => void;
}

/**
 * API tokens by their prefix. Every request asks for one, so those that were asked for lately are remembered: until
 * the database tells of a change of the row (a revocation reaches every process in milliseconds), only while it
 * can tell, and for half a minute at most, should a broken connection look sound.
 */
export class KnownTokens {
  readonly #known = new LRUCache<string, Known>({
    max: 1000,
    ttl: 30_000,
    dispose: ({ unsubscribe }) => unsubscribe(),
  });

  /** Prefixes of tokens that have held since this process began; they may not hold any more. */
  readonly #held = new LRUCache<string, true>({ max: 10_000 });

  constructor(
    private readonly database: Pick<Database, "pool">,
    private readonly notifications: Notifications,
  ) {}

  /** The row, be it revoked or expired; null where there is none. */
  async byPrefix(prefix: string): Promise<ApiToken | null> {
    const known = this.#known.get(prefix);
    if (known && this.notifications.connected) return known.token;
    // Listening begins before the reading: what changes in between must not be missed.
    let changed = false;
    const unsubscribe = this.notifications.subscribe("api_token", prefix, () => {
      changed = true;
      this.forget(prefix);
    });
    const token = await this.#read(prefix).catch((error) => {
      unsubscribe();
      throw error;
    });
    this.forget(prefix);
    if (!token || changed || !this.notifications.connected) unsubscribe();
    else this.#known.set(prefix, { token, unsubscribe });
    return token;
  }

  noteHeld(prefix: string): void {
    this.#held.set(prefix, true);
  }

  /** Whether somebody had the secret of this token before. */
  hasHeld(prefix: string): boolean {
    return this.#held.has(prefix);
  }

  /** Has the row read again when it is asked for next. */
  forget(prefix: string): void {
    this.#known.delete(prefix);
  }

  async #read(prefix: string): Promise<ApiToken | null> {
    const { rows } = await this.database.pool.query<ApiToken>({
      name: "token-by-prefix",
      text: `SELECT id, project_id AS "projectId", name, prefix, secret_hash AS "secretHash", scopes::text[],
         created_at AS "createdAt", expires_at AS "expiresAt", last_used_at AS "lastUsedAt",
         revoked_at AS "revokedAt"
       FROM api_token WHERE prefix = $1`,
      values: [prefix],
    });
    return rows.at(0) ?? null;
  }
}
