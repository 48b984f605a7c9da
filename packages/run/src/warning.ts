import { z } from "zod";

/** Something about a run that its reader must know: a code for programs, a sentence with the remedy for people. */
export const warning = z.object({ code: z.string(), message: z.string() });
export type Warning = z.infer<typeof warning>;
