import type { ApiToken } from "@faultline/db";
import { ForbiddenError, type Scope, UnauthenticatedError } from "../errors.ts";

const order: readonly Scope[] = ["READ", "WRITE", "ADMIN"];

/** Who asks. Each scope holds the ones before it: ADMIN may write, WRITE may read. */
export class Access {
  constructor(readonly token: ApiToken | null) {}

  has(scope: Scope): boolean {
    const rank = order.indexOf(scope);
    return this.token?.scopes.some((held) => order.indexOf(held) >= rank) ?? false;
  }

  /** @throws UnauthenticatedError, ForbiddenError */
  require(scope: Scope): void {
    if (!this.token) throw new UnauthenticatedError();
    if (!this.has(scope)) throw new ForbiddenError(scope);
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
