import { once } from "node:events";
import type { FastifyReply } from "fastify";
import { type ExecutionResult, GraphQLError, type GraphQLFormattedError } from "graphql";
import { UnauthenticatedError } from "../errors.ts";
import { answerTooLarge, isAnswerTooLarge } from "../limits/answer-size.ts";

/** How often a stream gives a sign of life, and how long a client may take nothing, in milliseconds. */
const pulse = 12_000;
const stallTimeout = 60_000;

/**
 * Sends the events of a subscription, or the one answer that there is instead, until they end, the client goes, or
 * `ending` is aborted, which it is told as UNAUTHENTICATED. Events wait for a slow client; one that takes nothing for
 * a minute is cut off.
 */
export async function sendEvents(
  reply: FastifyReply,
  result: AsyncIterable<ExecutionResult> | ExecutionResult,
  ending: AbortSignal,
  shownErrors: (errors: readonly GraphQLError[]) => GraphQLFormattedError[],
): Promise<void> {
  const { raw } = reply;
  const gone = new AbortController();
  raw.once("close", () => gone.abort());
  raw.on("error", () => raw.destroy());
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "content-encoding": "none",
  });
  // Some browsers tell their scripts of nothing before the first bytes.
  raw.write(":\n\n");

  let stalledSince: number | null = null;
  const heart = setInterval(() => {
    if (stalledSince !== null && Date.now() - stalledSince > stallTimeout) raw.destroy();
    else if (stalledSince === null) raw.write(":\n\n");
  }, pulse);
  const send = async (event: "next" | "complete", data: object | null) => {
    if (raw.destroyed || raw.write(`event: ${event}\ndata: ${data ? JSON.stringify(data) : ""}\n\n`)) return;
    stalledSince = Date.now();
    await once(raw, "drain", { signal: gone.signal }).catch(() => undefined);
    stalledSince = null;
  };
  const sendAnswer = ({ data, errors }: ExecutionResult) => {
    const answer = { data, ...(errors && { errors: shownErrors(errors) }) };
    return send("next", isAnswerTooLarge(answer) ? { errors: [answerTooLarge] } : answer);
  };

  const iterator = iteratorOf(result);
  // Ends a `next` that waits, too.
  const end = () => void iterator.return?.().catch(() => undefined);
  const over = AbortSignal.any([ending, gone.signal]);
  over.addEventListener("abort", end);
  try {
    while (!over.aborted) {
      const { value, done } = await iterator.next();
      if (done) break;
      await sendAnswer(value);
    }
    if (ending.aborted)
      await sendAnswer({
        errors: [new UnauthenticatedError("The API token has been revoked or has expired.")],
      });
    await send("complete", null);
  } catch (error) {
    // The source of the events failed, a database that went away for one.
    await sendAnswer({ errors: [new GraphQLError("The events ended.", { originalError: asError(error) })] });
    await send("complete", null);
  } finally {
    clearInterval(heart);
    over.removeEventListener("abort", end);
    end();
    raw.end();
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function iteratorOf(
  result: AsyncIterable<ExecutionResult> | ExecutionResult,
): AsyncIterator<ExecutionResult, void, undefined> {
  if (Symbol.asyncIterator in result) return result[Symbol.asyncIterator]();
  return (async function* () {
    yield result;
  })();
}
