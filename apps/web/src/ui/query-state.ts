"use client";

import { useSearchParams } from "next/navigation";

/**
 * The address's query as it is at this moment. Next follows the address a moment later: a change that is built on what
 * the last render saw would undo one that was made since.
 */
export function currentQuery(): URLSearchParams {
  return new URLSearchParams(location.search);
}

/** Puts a query string into the address without a new entry in the history; Next follows it. */
export function replaceQuery(query: string): void {
  history.replaceState(null, "", query ? `${location.pathname}?${query}` : location.pathname);
}

/** One value that lives in the page's address, so that a link shows what its sender saw. */
export function useQueryState(name: string, initial: string): [string, (value: string) => void] {
  const value = useSearchParams().get(name) ?? initial;
  const set = (next: string) => {
    const query = currentQuery();
    if (next === initial) query.delete(name);
    else query.set(name, next);
    replaceQuery(query.toString());
  };
  return [value, set];
}
