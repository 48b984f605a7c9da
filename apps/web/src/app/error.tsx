"use client";

import { ErrorNotice } from "../ui/page-states.tsx";

/** What stands in place of a page that broke while it was drawn. */
export default function PageError({ error, reset }: { error: Error; reset: () => void }) {
  return (
    <ErrorNotice
      wholePage
      title="This page could not be drawn"
      message={error.message || "An unexpected error."}
      onRetry={reset}
    />
  );
}
