/** For routes whose duration grows with the content, or that last as long as a run: as good as no time limit. */
export const unlimited = { handlerTimeout: 2 ** 31 - 1 } as const;
