import type { Detector } from "@faultline/core";
import { LRUCache } from "lru-cache";

const detectors = new LRUCache<string, Promise<Detector | null>>({ max: 8 });

/** A detector by what decides it; the last few stay in memory, since none of them ever changes. */
export function cachedDetector<D extends Detector | null>(key: string, make: () => Promise<D>): Promise<D> {
  const known = detectors.get(key) as Promise<D> | undefined;
  if (known) return known;
  const detector = make();
  detectors.set(key, detector);
  detector.catch(() => detectors.delete(key));
  return detector;
}
