import type { FastifyInstance, FastifyRequest } from "fastify";
import { RequestError, tookTooLong } from "./error-answers.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The route takes as long as its content; see {@link unlimited}. */
    unlimited?: boolean;
  }
}

/** For routes whose duration grows with the content, or that last as long as a run. */
export const unlimited = { config: { unlimited: true } } as const;

const signals = new WeakMap<FastifyRequest, AbortSignal>();
const never = new AbortController().signal;

/** Aborted when the request's time is over. */
export function deadlineOf(request: FastifyRequest): AbortSignal {
  return signals.get(request) ?? never;
}

/**
 * Answers 503 TIMEOUT where a request has had its time, and tells its work by {@link deadlineOf}. Fastify's own
 * `handlerTimeout` ends with the body: Node emits `close` of the request as soon as that is read.
 *
 * @param timeout in milliseconds
 */
export function addDeadline(fastify: FastifyInstance, timeout: number): void {
  fastify.addHook("onRequest", async (request, reply) => {
    if (request.routeOptions.config.unlimited) return;
    const controller = new AbortController();
    signals.set(request, controller.signal);
    const timer = setTimeout(() => {
      const error = new RequestError(503, "TIMEOUT", tookTooLong);
      controller.abort(error);
      if (reply.raw.headersSent) reply.raw.destroy();
      else if (!reply.sent) void reply.send(error);
    }, timeout);
    reply.raw.once("close", () => clearTimeout(timer));
  });
}
