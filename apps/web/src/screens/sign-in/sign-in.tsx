"use client";

import { useSearchParams } from "next/navigation";
import { type FormEvent, useState } from "react";
import { useQuery } from "urql";
import { moment } from "../../format/time.ts";
import { Button, buttonClass } from "../../ui/button.tsx";
import { ErrorNotice } from "../../ui/page-states.tsx";
import { signIn, signOut } from "../../ui/session.ts";
import { localUserPrefix, viewerQuery } from "../../ui/session-mark.tsx";
import { returnPath } from "./return-path.ts";

/** Signs this browser in with an API token; the token goes into a cookie that scripts cannot read. */
export function SignIn() {
  const next = returnPath(useSearchParams().get("next"));
  const [token, setToken] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [{ data }] = useQuery({ query: viewerQuery });
  // A full load: nothing that was read without the token, or with another one, stays in memory.
  const attempt = async (change: () => Promise<void>, then: string) => {
    setBusy(true);
    setProblem(null);
    try {
      await change();
      location.assign(then);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void attempt(() => signIn(token.trim()), next);
  };
  const viewer = data?.viewer;
  return (
    <div className="mx-auto grid max-w-md gap-5 pt-6 sm:pt-16">
      <div>
        <h1 className="text-xl font-semibold tracking-tight">Sign in</h1>
        <p className="mt-1 text-sm text-muted">
          With an API token of your project. Whoever runs this installation makes one with{" "}
          <code className="rounded bg-sunken px-1 py-0.5 text-xs">
            npm run create-token -w @faultline/api
          </code>
          .
        </p>
      </div>
      {viewer && (
        <section
          aria-label="Present session"
          className="flex flex-wrap items-center justify-between gap-3 rounded-lg border bg-surface px-4 py-3"
        >
          <p className="text-sm">
            Signed in with <span className="font-medium">{viewer.token.name}</span>
            <span className="block text-muted">
              {viewer.project?.name ?? "All projects"} · {viewer.token.scopes.join(", ").toLowerCase()}
              {viewer.token.expiresAt && ` · until ${moment(viewer.token.expiresAt)}`}
            </span>
          </p>
          <div className="flex gap-2">
            <a href={next} className={buttonClass()}>
              Continue
            </a>
            {viewer.token.prefix !== localUserPrefix && (
              <Button disabled={busy} onClick={() => attempt(signOut, "/sign-in")}>
                Sign out
              </Button>
            )}
          </div>
        </section>
      )}
      {problem && <ErrorNotice title="Not signed in" message={problem} />}
      <form onSubmit={submit} className="grid gap-3 rounded-lg border bg-surface p-4 sm:p-5">
        <label className="grid gap-1.5 text-sm text-muted">
          API token
          <input
            type="password"
            required
            // biome-ignore lint/a11y/noAutofocus: the page has this one field
            autoFocus
            autoComplete="current-password"
            spellCheck={false}
            placeholder="flt_…"
            value={token}
            onChange={(event) => setToken(event.target.value)}
            className="h-9 rounded-md border border-line bg-surface px-2.5 font-mono text-ink placeholder:text-faint hover:border-line-strong"
          />
        </label>
        <Button type="submit" look="primary" className="h-9" disabled={busy || token.trim() === ""}>
          {busy ? "One moment …" : "Sign in"}
        </Button>
      </form>
      <p className="text-xs text-muted">
        The token is kept in a cookie of this browser that scripts cannot read. On the machine that runs the
        demonstration no token is needed.
      </p>
    </div>
  );
}
