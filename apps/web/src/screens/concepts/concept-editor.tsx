"use client";

import { type FormEvent, useMemo, useState } from "react";
import { useMutation } from "urql";
import { count } from "../../format/number.ts";
import { graphql } from "../../graphql.ts";
import { Button } from "../../ui/button.tsx";
import { type Failure, FailureNotice, FieldIssues, failureFragment, failureOf } from "../../ui/failure.tsx";
import { TextArea, TextField } from "../../ui/form-controls.tsx";
import { lineOfPhrase, phraseChanges, phrasesOf, repeatedPhrases } from "./concept-lines.ts";

const createMutation = graphql(
  `mutation CreateConceptSet($input: CreateConceptSetInput!) {
    createConceptSet(input: $input) {
      __typename
      ... on ConceptSet { id name version }
      ...Failure
    }
  }`,
  [failureFragment],
);

/** A version of a concept set as far as it is edited. */
export type ConceptSetText = {
  readonly name: string;
  readonly version: number;
  readonly phrases: readonly string[];
  readonly templates: readonly string[];
};

/** The form of a concept set as text; saving makes a new version, no version ever changes. */
export function ConceptEditor({
  projectId,
  original,
  previous,
  onSaved,
}: {
  projectId: string;
  /** What the edit starts from; null for a new set. */
  original: ConceptSetText | null;
  /** The version before it, which it is held against until something is edited. */
  previous: ConceptSetText | null;
  onSaved: (id: string) => void;
}) {
  const startText = original?.phrases.join("\n") ?? "";
  const startTemplates = original?.templates.join("\n") ?? "a photo of {}";
  const [name, setName] = useState(original?.name ?? "");
  const [text, setText] = useState(startText);
  const [templates, setTemplates] = useState(startTemplates);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [{ fetching }, create] = useMutation(createMutation);
  const phrases = useMemo(() => phrasesOf(text), [text]);
  const repeated = useMemo(() => repeatedPhrases(text), [text]);
  const edited = text !== startText || templates !== startTemplates;
  const base = edited || !previous ? original : previous;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const { data, error } = await create({
      input: { projectId, name: name.trim(), phrases, templates: phrasesOf(templates) },
    });
    setFailure(failureOf(data?.createConceptSet, error));
    if (data?.createConceptSet.__typename === "ConceptSet") onSaved(data.createConceptSet.id);
  };
  const phraseIssues = failure?.issues.filter(({ field }) => /^phrases\.\d+/.test(field)) ?? [];
  const renamed = name.trim() !== original?.name;
  const nextVersion = original && !renamed ? "as a new version" : "as a new concept set";
  return (
    <form
      onSubmit={submit}
      aria-label="Edit the concept set"
      className="grid items-start gap-4 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]"
    >
      <section aria-label="Phrases" className="min-w-0 rounded-lg border bg-surface p-4 sm:p-5">
        <TextArea
          label={`Concepts, one phrase a line (${count(phrases.length)})`}
          rows={Math.min(16, Math.max(10, phrases.length + 1))}
          value={text}
          placeholder={"wheels\nwings\nlong snout"}
          aria-invalid={repeated.length > 0 || phraseIssues.length > 0}
          onChange={(event) => setText(event.target.value)}
        />
        <ul className="mt-1 grid gap-0.5 text-sm text-defect" aria-live="polite">
          {repeated.slice(0, 8).map(({ line, message }) => (
            <li key={line}>
              Line {line}: {message}
            </li>
          ))}
          {repeated.length === 0 &&
            phraseIssues.slice(0, 8).map(({ field, message }) => (
              <li key={field + message}>
                Line {lineOfPhrase(text, Number(field.split(".")[1]))}: {message}
              </li>
            ))}
        </ul>
        {phraseIssues.length === 0 && <FieldIssues failure={failure} field="phrases" />}
      </section>
      <section
        aria-label="Templates and saving"
        className="grid min-w-0 gap-4 rounded-lg border bg-surface p-4 sm:p-5"
      >
        <div className="grid gap-1">
          <TextArea
            label="Prompt templates, one a line; {} stands for the phrase"
            rows={Math.min(10, Math.max(3, phrasesOf(templates).length + 1))}
            value={templates}
            onChange={(event) => setTemplates(event.target.value)}
          />
          <FieldIssues failure={failure} field="templates" />
        </div>
        {(edited || previous) && (
          <Changes base={base} phrases={phrases} templates={phrasesOf(templates)} edited={edited} />
        )}
        <div className="grid gap-1 border-t pt-4">
          <TextField
            label="Name"
            required
            value={name}
            placeholder="vehicle parts"
            className="flex-1"
            onChange={(event) => setName(event.target.value)}
          />
          <FieldIssues failure={failure} field="name" />
        </div>
        <FailureNotice failure={failure} title="Not saved" fields={["name", "phrases", "templates"]} />
        <div className="flex flex-wrap gap-2">
          <Button
            type="submit"
            look="primary"
            disabled={
              fetching ||
              name.trim() === "" ||
              phrases.length === 0 ||
              repeated.length > 0 ||
              !(edited || renamed)
            }
          >
            {fetching ? "Saving …" : `Save ${nextVersion}`}
          </Button>
          {edited && (
            <Button
              onClick={() => {
                setText(startText);
                setTemplates(startTemplates);
                setFailure(null);
              }}
            >
              Undo the edit
            </Button>
          )}
        </div>
      </section>
    </form>
  );
}

function Changes({
  base,
  phrases,
  templates,
  edited,
}: {
  base: ConceptSetText | null;
  phrases: readonly string[];
  templates: readonly string[];
  edited: boolean;
}) {
  if (!base) return null;
  const concepts = phraseChanges(base.phrases, phrases);
  const prompts = phraseChanges(base.templates, templates);
  const removed = [...concepts.removed, ...prompts.removed];
  const added = [...concepts.added, ...prompts.added];
  const reordered = concepts.reordered || prompts.reordered;
  return (
    <div className="min-w-0">
      <h2 className="mb-1 text-sm font-semibold">
        {edited ? `Your changes to v${base.version}` : `Changes against v${base.version}`}
      </h2>
      {removed.length + added.length === 0 ? (
        <p className="text-sm text-muted">{reordered ? "Only the order." : "None."}</p>
      ) : (
        <>
          <section
            aria-label="List of changes"
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
            tabIndex={0}
            className="max-h-64 overflow-auto rounded-md bg-sunken p-2"
          >
            <ul className="grid font-mono text-xs leading-5">
              {removed.map((phrase) => (
                <li key={`-${phrase}`}>
                  <span className="sr-only">removed: </span>
                  <span aria-hidden="true" className="mr-2 font-bold">
                    −
                  </span>
                  <del className="text-muted">{phrase}</del>
                </li>
              ))}
              {added.map((phrase) => (
                <li key={`+${phrase}`}>
                  <span className="sr-only">added: </span>
                  <span aria-hidden="true" className="mr-2 font-bold text-accent">
                    +
                  </span>
                  <ins className="text-accent no-underline">{phrase}</ins>
                </li>
              ))}
            </ul>
          </section>
          <p className="mt-1 text-xs text-muted">
            {count(added.length)} added, {count(removed.length)} removed
            {reordered ? ", others reordered" : ""}.
          </p>
        </>
      )}
    </div>
  );
}
