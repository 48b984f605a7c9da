import type { Context } from "../context.ts";
import { holds } from "./token-secret.ts";

/** Longest time that a timer can wait, and how long to wait after the database could not be asked; milliseconds. */
const longestWait = 2 ** 31 - 1;
const retryWait = 1000;

/**
 * Calls the listener once, when a token is revoked or has expired. Work that goes on after its request was judged asks
 * for this. While the database cannot be asked, nothing is called.
 *
 * @returns forgets the listener
 */
export function whenTokenEnds(
  prefix: string,
  { tokens, notifications }: Pick<Context, "tokens" | "notifications">,
  listener: () => void,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let forgotten = false;
  const forget = () => {
    forgotten = true;
    clearTimeout(timer);
    unsubscribe();
  };
  const check = async () => {
    clearTimeout(timer);
    let wait = retryWait;
    try {
      const token = await tokens.byPrefix(prefix);
      if (forgotten) return;
      if (!token || !holds(token)) {
        forget();
        listener();
        return;
      }
      wait = Math.min(longestWait, (token.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY) - Date.now() + 1);
    } catch {
      if (forgotten) return;
    }
    clearTimeout(timer);
    timer = setTimeout(check, wait);
  };
  const unsubscribe = notifications.subscribe("api_token", prefix, () => {
    tokens.forget(prefix);
    void check();
  });
  // What was changed since the request was judged.
  void check();
  return forget;
}
