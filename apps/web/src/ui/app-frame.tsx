"use client";

import Link from "next/link";
import { usePathname } from "next/navigation";
import { type ReactNode, Suspense } from "react";
import { InBrowser } from "./api-provider.tsx";
import { SessionMark } from "./session-mark.tsx";
import { ThemeSwitch } from "./theme.tsx";

const places = [
  { href: "/", name: "Overview", holds: (path: string) => path === "/" || path.startsWith("/runs") },
  { href: "/compare", name: "Compare", holds: (path: string) => path.startsWith("/compare") },
  { href: "/concepts", name: "Concepts", holds: (path: string) => path.startsWith("/concepts") },
  {
    href: "/specifications",
    name: "Specifications",
    holds: (path: string) => path.startsWith("/specifications"),
  },
];

/** Two strata, displaced: the product's mark. */
function Mark() {
  return (
    <svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">
      <path d="M1 6h8.2l-2 4H1zM1 12h5.2l-2 4H1z" fill="currentColor" />
      <path d="M12.8 9H21v4H10.8zM9.8 15H21v4H7.8z" fill="var(--accent)" />
      <path d="M13.6 1 5 21" stroke="currentColor" strokeWidth="1.3" />
    </svg>
  );
}

/** Head line with the places of the dashboard, the page below it. */
export function AppFrame({ children }: { children: ReactNode }) {
  const path = usePathname();
  return (
    <>
      <a
        href="#page"
        className="sr-only z-50 rounded-md bg-surface px-3 py-2 focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to content
      </a>
      <header className="no-print z-30 border-b bg-surface sm:sticky sm:top-0">
        <div className="mx-auto flex max-w-[1560px] flex-wrap items-center gap-x-1 px-4 sm:h-12 sm:flex-nowrap sm:px-6">
          <Link
            href="/"
            aria-label="Faultline: overview"
            className="mr-auto flex h-11 items-center gap-2 font-semibold tracking-tight sm:mr-5 sm:h-auto"
          >
            <Mark />
            <span>Faultline</span>
          </Link>
          <nav
            aria-label="Main"
            className="order-last -mx-2 flex basis-full justify-between overflow-x-auto pb-1.5 sm:order-none sm:mx-0 sm:min-w-0 sm:flex-1 sm:basis-auto sm:justify-start sm:gap-1 sm:px-0.5 sm:pb-0"
          >
            {places.map((place) => {
              const here = place.holds(path);
              return (
                <Link
                  key={place.href}
                  href={place.href}
                  // Pages are rendered at every request, and such are not fetched ahead unless asked.
                  prefetch
                  aria-current={here ? "page" : undefined}
                  className={`rounded-md px-2 py-1.5 text-sm whitespace-nowrap sm:px-2.5 ${
                    here ? "bg-sunken font-medium text-ink" : "text-muted hover:text-ink"
                  }`}
                >
                  {place.name}
                </Link>
              );
            })}
          </nav>
          <Suspense>
            <InBrowser>
              <SessionMark />
            </InBrowser>
          </Suspense>
          <ThemeSwitch />
        </div>
      </header>
      <main id="page" className="mx-auto max-w-[1560px] px-4 pt-5 pb-20 sm:px-6">
        {children}
      </main>
    </>
  );
}
