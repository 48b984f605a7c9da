"use client";

import { useMemo } from "react";
import { useQuery } from "urql";
import { graphql } from "../../graphql.ts";
import { Loaded, Skeleton } from "../../ui/page-states.tsx";
import { quotedName } from "./quoted-name.ts";
import { exampleSpecifications } from "./specification-examples.ts";

const vocabularyQuery = graphql(`
  query SpecificationVocabulary($id: ID!) {
    node(id: $id) {
      __typename
      ... on Run {
        id
        modelVersion { classes }
        report { axis { phrase kind } pairs { trueClass predictedClass inputs } }
        classConceptView { classes axis values }
      }
    }
  }
`);

const language = [
  ["strength(a) > strength(b)", "concept a is stronger than concept b in the input; also <, >=, <="],
  ["predicted(k)", "the classifier says k"],
  ["label(k)", "the true class is k"],
  ["=>", "implies; then come, ever more binding, or, and, not"],
  ['"long snout"', "names with blanks stand in double quotes"],
] as const;

/** Examples in the run's own names, its concepts and classes to insert, and the language in short. */
export function Vocabulary({
  runId,
  onInsert,
  onExample,
}: {
  runId: string;
  onInsert: (words: string) => void;
  onExample: (text: string) => void;
}) {
  const [state, retry] = useQuery({ query: vocabularyQuery, variables: { id: runId } });
  const run = state.data?.node?.__typename === "Run" ? state.data.node : null;
  const examples = useMemo(
    () =>
      run?.report
        ? exampleSpecifications({
            pairs: run.report.pairs,
            classes: run.modelVersion.classes,
            view: run.classConceptView,
          })
        : [],
    [run],
  );
  const summary = "cursor-pointer py-1 text-sm font-medium";
  return (
    <Loaded state={state} retry={retry} what="the names of the run" skeleton={<Skeleton className="h-40" />}>
      {() => (
        <div className="grid gap-1 border-t pt-2">
          <details open>
            <summary className={summary}>Examples</summary>
            <ul className="grid gap-1.5 pt-1">
              {examples.map(({ title, text }) => (
                <li key={text}>
                  <button
                    type="button"
                    onClick={() => onExample(text)}
                    className="w-full rounded-md px-2 py-1.5 text-left hover:bg-sunken"
                  >
                    <span className="block text-sm">{title}</span>
                    <code className="block font-mono text-xs break-words text-muted">{text}</code>
                  </button>
                </li>
              ))}
            </ul>
          </details>
          <details>
            <summary className={summary}>Concepts and classes of this run</summary>
            <p className="py-1 text-xs text-muted">
              Both have a strength; classes also stand in <code>predicted(…)</code> and <code>label(…)</code>.
            </p>
            <ul className="flex max-h-56 flex-wrap gap-1 overflow-auto py-1">
              {(run?.report?.axis ?? []).map(({ phrase, kind }) => (
                <li key={phrase}>
                  <button
                    type="button"
                    title={`Insert ${kind === "CLASS" ? "the class" : "the concept"} ${phrase}`}
                    onClick={() => onInsert(quotedName(phrase))}
                    className={`rounded border px-1.5 py-0.5 font-mono text-xs hover:bg-sunken ${
                      kind === "CLASS" ? "border-line-strong font-semibold" : ""
                    }`}
                  >
                    {phrase}
                  </button>
                </li>
              ))}
            </ul>
          </details>
          <details>
            <summary className={summary}>The language</summary>
            <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 pt-1 text-sm">
              {language.map(([term, meaning]) => (
                <div key={term} className="contents">
                  <dt className="font-mono text-xs leading-5">{term}</dt>
                  <dd className="text-muted">{meaning}</dd>
                </div>
              ))}
            </dl>
          </details>
        </div>
      )}
    </Loaded>
  );
}
