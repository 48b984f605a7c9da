"use client";

import { createClient as createStreamClient } from "graphql-sse";
import { type ReactNode, useState, useSyncExternalStore } from "react";
import {
  Client,
  type CombinedError,
  cacheExchange,
  fetchExchange,
  mapExchange,
  Provider,
  subscriptionExchange,
} from "urql";

/** Whether the API wants a sign-in first. */
export function needsSignIn(error: CombinedError): boolean {
  return (
    error.response?.status === 401 ||
    error.graphQLErrors.some(({ extensions }) => extensions.code === "UNAUTHENTICATED")
  );
}

function createClient(): Client {
  const stream = createStreamClient({ url: "/api/graphql/stream", credentials: "same-origin" });
  return new Client({
    url: "/api/graphql",
    preferGetMethod: false,
    fetchOptions: { credentials: "same-origin" },
    exchanges: [
      cacheExchange,
      mapExchange({
        onError(error) {
          if (!needsSignIn(error) || location.pathname === "/sign-in") return;
          location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
        },
      }),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query, variables, operationName }) => ({
          subscribe: (sink) => ({
            unsubscribe: stream.subscribe<Record<string, unknown>, Record<string, unknown>>(
              { query: query ?? "", variables, operationName },
              {
                next: (result) => sink.next(result),
                error: (error) => sink.error(error),
                complete: () => sink.complete(),
              },
            ),
          }),
        }),
      }),
    ],
  });
}

const never = () => () => {};

/** The GraphQL client of this browser tab. */
export function ApiProvider({ children }: { children: ReactNode }) {
  const [client] = useState(createClient);
  return <Provider value={client}>{children}</Provider>;
}

/**
 * What is drawn in the browser only, as all that asks the API: what it shows belongs to the visitor's session, and
 * times are in the visitor's zone. The server sends `fallback` in its place.
 */
export function InBrowser({ children, fallback }: { children: ReactNode; fallback?: ReactNode }) {
  const inBrowser = useSyncExternalStore(
    never,
    () => true,
    () => false,
  );
  return inBrowser ? children : fallback;
}
