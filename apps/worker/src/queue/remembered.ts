import { LRUCache } from "lru-cache";
import type { RunReference } from "./run-state.ts";

/** Runs that a process works on at about the same time: what it read of others is forgotten. */
const most = 16;

/**
 * `read`, once for a run's attempt: for what does not change meanwhile. The jobs of a run come one after another, and
 * reading takes longer than some of them. A failure is not kept.
 */
export function remembered<Source, T extends object>(
  read: (source: Source, reference: RunReference) => Promise<T>,
): (source: Source, reference: RunReference) => Promise<T> {
  const known = new LRUCache<string, T, { source: Source; reference: RunReference }>({
    max: most,
    fetchMethod: (_key, _stale, { context: { source, reference } }) => read(source, reference),
  });
  return (source, reference) =>
    known.forceFetch(`${reference.runId}/${reference.attempt}`, { context: { source, reference } });
}
