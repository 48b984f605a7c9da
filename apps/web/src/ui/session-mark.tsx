"use client";

import { LogIn, LogOut, UserRound } from "lucide-react";
import Link from "next/link";
import { usePathname, useSearchParams } from "next/navigation";
import { useState } from "react";
import { useQuery } from "urql";
import { graphql } from "../graphql.ts";
import { buttonClass } from "./button.tsx";
import { signOut } from "./session.ts";

export const viewerQuery = graphql(`
  query Viewer { viewer { token { id name prefix scopes expiresAt } project { id name } } }
`);

/** Prefix of the token that stands for whoever sits at the machine of an embedded installation: never signed in or out. */
export const localUserPrefix = "local-user";

/** In the head line: the token that this browser is signed in with and the way out, or the way to sign in. */
export function SessionMark() {
  const [{ data }] = useQuery({ query: viewerQuery });
  const [problem, setProblem] = useState<string | null>(null);
  const path = usePathname();
  const query = useSearchParams().toString();
  if (!data || path === "/sign-in") return null;
  if (!data.viewer) {
    const here = query ? `${path}?${query}` : path;
    return (
      <Link
        href={`/sign-in?next=${encodeURIComponent(here)}`}
        aria-label="Sign in"
        title="Sign in with an API token"
        className={buttonClass("bare", "px-2")}
      >
        <LogIn size={16} aria-hidden /> <span className="hidden md:inline">Sign in</span>
      </Link>
    );
  }
  const { token, project } = data.viewer;
  if (token.prefix === localUserPrefix)
    return (
      <Link
        href="/sign-in"
        aria-label={`${token.name}: sign in with a token instead`}
        title={token.name}
        className={buttonClass("bare", "px-2")}
      >
        <UserRound size={16} aria-hidden />
      </Link>
    );
  return (
    <button
      type="button"
      className={buttonClass("bare", "px-2")}
      aria-label={`Sign out of ${token.name}`}
      title={problem ?? `Signed in with ${token.name}, ${project?.name ?? "all projects"}. Sign out`}
      onClick={() =>
        signOut().then(
          () => location.assign("/sign-in"),
          (error: Error) => setProblem(error.message),
        )
      }
    >
      <LogOut size={16} aria-hidden />{" "}
      <span className="hidden max-w-32 truncate md:inline">{problem ?? token.name}</span>
    </button>
  );
}
