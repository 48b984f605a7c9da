import type { FastifyInstance } from "fastify";
import { exceededJsonLimit, jsonLimits } from "../limits/json-size.ts";
import { RequestError } from "./error-answers.ts";

/** Bodies are JSON, within bounds that hold before it is read; other media types only where a route takes them. */
export function addJsonBodies(fastify: FastifyInstance): void {
  const parseJson = fastify.getDefaultJsonParser("error", "error");
  fastify.removeContentTypeParser(["application/json", "text/plain"]);
  fastify.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body: Buffer, done) => {
    const limit = exceededJsonLimit(body);
    if (limit)
      done(
        new RequestError(
          413,
          "BODY_TOO_LARGE",
          `The JSON has more than ${jsonLimits[limit]} ${words[limit]}.`,
        ),
      );
    else parseJson(request, body.toString(), done);
  });
}

const words: Record<keyof typeof jsonLimits, string> = {
  values: "values",
  lists: "lists and objects",
  names: "names",
  nesting: "levels of lists and objects",
};
