import type { FastifyBaseLogger } from "fastify";
import type { Services } from "./services.ts";

/** An unfinished upload to which nothing was added for a day is thrown away. */
const abandonedAfter = 24 * 60 * 60 * 1000;

/** Between two sweeps. Each process sweeps; they do not disturb one another. */
const interval = 15 * 60 * 1000;

/**
 * Removes abandoned uploads, and what killed processes left in the artifact store, now and every quarter of an hour.
 *
 * @returns ends the sweeping, after the sweep that is under way
 */
export function sweepUploads(
  { uploads, artifactStore }: Pick<Services, "uploads" | "artifactStore">,
  log: FastifyBaseLogger,
): () => Promise<void> {
  const sweep = async () => {
    try {
      const abandoned = await uploads.removeAbandoned(abandonedAfter);
      const leftovers = await artifactStore.removeLeftovers();
      if (abandoned + leftovers > 0) log.info({ abandoned, leftovers }, "swept uploads");
    } catch (err) {
      log.error({ err }, "uploads could not be swept");
    }
  };
  let sweeping = sweep();
  const timer = setInterval(() => {
    sweeping = sweeping.then(sweep);
  }, interval).unref();
  return async () => {
    clearInterval(timer);
    await sweeping;
  };
}
