import type { ApiToken } from "@faultline/db";
import { ForbiddenError, type Scope, UnauthenticatedError } from "../errors.ts";

const rank: Record<Scope, number> = { READ: 0, WRITE: 1, ADMIN: 2 };

/** Who asks. Each scope holds the ones before it: ADMIN may write, WRITE may read. */
export class Access {
  /** Rank of the highest scope that the token holds; −1 without any. */
  readonly #rank: number;

  constructor(readonly token: ApiToken | null) {
    this.#rank = Math.max(-1, ...(token?.scopes.map((scope) => rank[scope]) ?? []));
  }

  has(scope: Scope): boolean {
    return this.#rank >= rank[scope];
  }

  /** @throws UnauthenticatedError, ForbiddenError */
  require(scope: Scope): void {
    if (this.has(scope)) return;
    throw this.token ? new ForbiddenError(scope) : new UnauthenticatedError();
  }

  /**
   * The filter on projects that no query may leave out: a project's token reaches that project, an
   * installation's token all of them, no token none.
   */
  get reach(): { id?: string | { in: string[] } } {
    if (!this.token) return { id: { in: [] } };
    return this.token.projectId === null ? {} : { id: this.token.projectId };
  }

  reaches(projectId: string): boolean {
    return this.token !== null && (this.token.projectId === null || this.token.projectId === projectId);
  }
}
