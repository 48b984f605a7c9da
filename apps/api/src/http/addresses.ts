import type { FastifyInstance } from "fastify";
import { RequestError } from "./error-answers.ts";

/** Refuses addresses that nothing here can be found by: with a NUL, which PostgreSQL has no text for, or of no host. */
export function addAddressChecks(fastify: FastifyInstance): void {
  fastify.addHook("onRequest", async ({ url, headers: { host } }) => {
    if (/%00/.test(url))
      throw new RequestError(400, "BAD_USER_INPUT", "Remove the character U+0000 (%00) from the address.");
    if (host !== undefined && !URL.canParse(`http://${host}/`))
      throw new RequestError(400, "BAD_USER_INPUT", "The header Host names no host.");
  });
}
