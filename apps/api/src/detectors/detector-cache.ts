import type { Detector } from "@faultline/core";

const kept = 8;
const detectors = new Map<string, Promise<Detector | null>>();

/** A detector by what decides it; the last few stay in memory, since none of them ever changes. */
export function cachedDetector<D extends Detector | null>(key: string, make: () => Promise<D>): Promise<D> {
  const known = detectors.get(key) as Promise<D> | undefined;
  detectors.delete(key);
  const detector = known ?? make();
  // Last in the map is last used.
  detectors.set(key, detector);
  detector.catch(() => detectors.delete(key));
  if (detectors.size > kept) detectors.delete(detectors.keys().next().value as string);
  return detector;
}
