import { Places } from "../places.ts";

/**
 * Registrations whose networks are read, loaded and run once: each takes memory, and processor time for some 10 seconds
 * at most. One that does not get a place answers BUSY.
 */
export const trials = new Places("trials of networks", { atOnce: 2, waiting: 8, ofOneTenant: 4 });
