"use client";

import { useSearchParams } from "next/navigation";

/** Puts a query string into the address without a new entry in the history; Next follows it. */
export function replaceQuery(query: string): void {
  history.replaceState(null, "", query ? `${location.pathname}?${query}` : location.pathname);
}

/** One value that lives in the page's address, so that a link shows what its sender saw. */
export function useQueryState(name: string, initial: string): [string, (value: string) => void] {
  const value = useSearchParams().get(name) ?? initial;
  const set = (next: string) => {
    const query = new URLSearchParams(location.search);
    if (next === initial) query.delete(name);
    else query.set(name, next);
    replaceQuery(query.toString());
  };
  return [value, set];
}
