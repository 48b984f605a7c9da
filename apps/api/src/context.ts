import type { FastifyBaseLogger, FastifyRequest } from "fastify";
import type { Access } from "./access/access.ts";
import { accessOf } from "./access/request-access.ts";
import { deadlineOf } from "./http/deadline.ts";
import type { Services } from "./services.ts";

/** What every resolver is given. */
export interface Context extends Services {
  access: Access;
  requestId: string;
  log: FastifyBaseLogger;
  /** Aborted when the request's time is over: no field is resolved after that. */
  signal: AbortSignal;
  /** What `perRequest` has made. */
  values: Map<symbol, unknown>;
}

/** The contexts of requests, made before their bodies are read: who asks decides what may be sent. */
export class Contexts {
  readonly #made = new WeakMap<FastifyRequest, Context>();

  constructor(private readonly services: Services) {}

  /** @throws TooManyAttemptsError */
  async make(request: FastifyRequest): Promise<Context> {
    const context = {
      ...this.services,
      access: await accessOf(request, this.services),
      requestId: request.id,
      log: request.log,
      signal: deadlineOf(request),
      values: new Map(),
    };
    this.#made.set(request, context);
    return context;
  }

  /** The context that was made for a request. */
  of(request: FastifyRequest): Context {
    const context = this.#made.get(request);
    if (!context) throw new Error("no context was made for this request");
    return context;
  }
}
