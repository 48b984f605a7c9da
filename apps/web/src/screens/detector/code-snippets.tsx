"use client";

import { Check, Copy } from "lucide-react";
import { Tabs } from "radix-ui";
import { useState } from "react";
import { Button } from "../../ui/button.tsx";
import { ciSnippet, curlSnippet, type SnippetSubject, typescriptSnippet } from "./detector-snippets.ts";

const languages = [
  { name: "curl", text: curlSnippet, note: "One input to the API: a verdict with its score and concepts." },
  { name: "TypeScript", text: typescriptSnippet, note: "Inside your own Node service, without the API." },
  { name: "CI", text: ciSnippet, note: "Fails the build when a new version is worse than this run." },
] as const;

/** How to use a detector from outside. */
export function CodeSnippets({ subject }: { subject: SnippetSubject }) {
  return (
    <section aria-labelledby="snippets" className="min-w-0 rounded-lg border bg-surface p-4 sm:p-5">
      <h2 id="snippets" className="mb-2 font-semibold">
        Use it
      </h2>
      <Tabs.Root defaultValue="curl">
        <Tabs.List aria-label="Language" className="inline-flex rounded-md bg-sunken p-0.5">
          {languages.map(({ name }) => (
            <Tabs.Trigger
              key={name}
              value={name}
              className="h-7 rounded-[5px] px-2.5 text-sm text-muted hover:text-ink data-[state=active]:bg-surface data-[state=active]:font-medium data-[state=active]:text-ink data-[state=active]:shadow-sm"
            >
              {name}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {languages.map(({ name, text, note }) => (
          <Tabs.Content key={name} value={name} className="mt-3 min-w-0 outline-none">
            <Snippet name={name} note={note} text={text(subject)} />
          </Tabs.Content>
        ))}
      </Tabs.Root>
    </section>
  );
}

function Snippet({ name, note, text }: { name: string; note: string; text: string }) {
  const [copied, setCopied] = useState<"no" | "yes" | "refused">("no");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied("yes");
    } catch {
      // Browsers refuse outside https and localhost.
      setCopied("refused");
    }
    setTimeout(() => setCopied("no"), 2500);
  };
  return (
    <>
      <div className="mb-2 flex flex-wrap items-center justify-between gap-2">
        <p className="text-sm text-muted">{note}</p>
        <Button onClick={copy} aria-label={`Copy the ${name} snippet`}>
          {copied === "yes" ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
          <span aria-live="polite">
            {copied === "yes" ? "Copied" : copied === "refused" ? "Select and copy it below" : "Copy"}
          </span>
        </Button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section aria-label={`${name} snippet`} tabIndex={0} className="overflow-x-auto rounded-md bg-sunken">
        <pre className="p-4 font-mono text-xs leading-5">
          <code>{text}</code>
        </pre>
      </section>
    </>
  );
}
