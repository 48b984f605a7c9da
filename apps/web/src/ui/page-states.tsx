"use client";

import { CircleAlert, Inbox, RotateCw } from "lucide-react";
import type { ReactNode } from "react";
import type { CombinedError } from "urql";
import { Button } from "./button.tsx";

/** Quiet placeholder of the size of what will come. */
export function Skeleton({ className = "h-24" }: { className?: string }) {
  return (
    <div role="status" aria-label="Loading" className={`animate-pulse rounded-md bg-sunken ${className}`} />
  );
}

/** Nothing here yet: what would be here, and how to get it. */
export function EmptyState({
  title,
  wholePage = false,
  children,
}: {
  title: string;
  /** It stands for a page, so its title is that page's heading. */
  wholePage?: boolean;
  children?: ReactNode;
}) {
  const Title = wholePage ? "h1" : "p";
  return (
    <div className="grid justify-items-center gap-2 rounded-lg border border-dashed border-line px-6 py-10 text-center">
      <Inbox size={22} className="text-faint" aria-hidden />
      <Title className="font-medium">{title}</Title>
      {children && <div className="max-w-prose text-sm text-muted">{children}</div>}
    </div>
  );
}

/** What went wrong, in the words of the API, and a way to try again. */
export function ErrorNotice({
  title,
  message,
  wholePage = false,
  onRetry,
}: {
  title: string;
  message: string;
  /** The notice stands for a page, so its title is that page's heading. */
  wholePage?: boolean;
  onRetry?: () => void;
}) {
  const Title = wholePage ? "h1" : "p";
  return (
    <div
      role="alert"
      className="flex flex-wrap items-start gap-3 rounded-lg border border-line bg-defect-soft px-4 py-3"
    >
      {/* On a phone the button stands below the words, which then have the whole width. */}
      <div className="flex min-w-0 flex-1 basis-72 gap-3">
        <CircleAlert size={18} className="mt-0.5 shrink-0 text-defect" aria-hidden />
        <div className="min-w-0">
          <Title className="font-medium">{title}</Title>
          <p className="text-sm break-words text-muted">{message}</p>
        </div>
      </div>
      {onRetry && (
        <Button onClick={onRetry}>
          <RotateCw size={14} aria-hidden /> Try again
        </Button>
      )}
    </div>
  );
}

type QueryState<Data> = { data?: Data; error?: CombinedError; fetching: boolean; stale: boolean };

/**
 * Loading, error, partial and complete state of one query: with data beside an error, the data is shown under a
 * notice that some of it is missing.
 */
export function Loaded<Data>({
  state,
  retry,
  skeleton = <Skeleton />,
  what,
  wholePage,
  children,
}: {
  state: QueryState<Data>;
  retry?: (options: { requestPolicy: "network-only" }) => void;
  skeleton?: ReactNode;
  /** What is being loaded, for the error's title: "the heatmap". */
  what: string;
  wholePage?: boolean;
  children: (data: Data) => ReactNode;
}) {
  // A field that failed leaves null: no data at all, if it was the only one.
  const nothing = !state.data || (state.error && Object.values(state.data).every((value) => value === null));
  const again = retry && (() => retry({ requestPolicy: "network-only" }));
  if (state.data && !nothing) {
    return (
      <>
        {state.error && (
          <ErrorNotice
            title={`Part of ${what} is missing`}
            message={plainMessage(state.error)}
            onRetry={again}
          />
        )}
        {children(state.data)}
      </>
    );
  }
  if (state.error)
    return (
      <ErrorNotice
        title={`Could not load ${what}`}
        message={plainMessage(state.error)}
        wholePage={wholePage}
        onRetry={again}
      />
    );
  return skeleton;
}

/** The API's own words, without urql's prefix. */
export function plainMessage(error: CombinedError): string {
  if (error.networkError) return `The API cannot be reached: ${error.networkError.message}`;
  return error.graphQLErrors.map(({ message }) => message).join(" ");
}
