import type { FastifyBaseLogger } from "fastify";
import type { Access } from "./access/access.ts";
import type { perRequest } from "./per-request.ts";
import type { Services } from "./services.ts";

/** What every resolver is given. */
export interface Context extends Services {
  access: Access;
  requestId: string;
  log: FastifyBaseLogger;
  /** What {@link perRequest} has made. */
  values: Map<symbol, unknown>;
}
