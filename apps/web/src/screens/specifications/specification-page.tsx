"use client";

import Link from "next/link";
import { type FormEvent, useMemo, useRef, useState } from "react";
import { useMutation, useQuery } from "urql";
import { moment } from "../../format/number.ts";
import { graphql, type ResultOf } from "../../graphql.ts";
import { runNameFragment, shortRunName } from "../../runs/marks.tsx";
import { Button } from "../../ui/button.tsx";
import { type Failure, FailureNotice, FieldIssues, failureFragment, failureOf } from "../../ui/failure.tsx";
import { SelectField, TextField } from "../../ui/form-controls.tsx";
import { EmptyState, Loaded, Skeleton } from "../../ui/page-states.tsx";
import { useQueryState } from "../../ui/query-state.ts";
import { ProjectChoice, useProject } from "../overview/overview.tsx";
import { SpecificationCheck } from "./specification-check.tsx";
import { quotedName } from "./specification-error.ts";
import { exampleSpecifications } from "./specification-examples.ts";

const runProjectQuery = graphql(`
  query ProjectOfRun($id: ID!) { node(id: $id) { __typename ... on Run { id project { id slug } } } }
`);

const specificationsQuery = graphql(
  `query Specifications($slug: String!) {
    project(slug: $slug) {
      id
      runs(status: SUCCEEDED, first: 100) { edges { node { ...RunName } } }
      specifications(first: 100) { edges { node { id name text createdAt } } }
    }
  }`,
  [runNameFragment],
);

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

const saveMutation = graphql(
  `mutation SaveSpecification($input: SaveSpecificationInput!) {
    saveSpecification(input: $input) { __typename ... on Specification { id name } ...Failure }
  }`,
  [failureFragment],
);

type Project = NonNullable<ResultOf<typeof specificationsQuery>["project"]>;
type Saved = Project["specifications"]["edges"][number]["node"];

/** Write properties over strength predicates, and see whether a run's model has them. */
export function SpecificationPage() {
  const [runId] = useQueryState("run", "");
  const [ofRun] = useQuery({ query: runProjectQuery, variables: { id: runId }, pause: runId === "" });
  const { state: projects, retry: retryProjects, project } = useProject();
  const runProject = ofRun.data?.node?.__typename === "Run" ? ofRun.data.node.project.slug : null;
  const slug = runProject ?? project?.slug;
  const [state, retry] = useQuery({
    query: specificationsQuery,
    variables: { slug: slug ?? "" },
    pause: !slug || (runId !== "" && ofRun.fetching),
    requestPolicy: "cache-and-network",
  });
  return (
    <div className="grid grid-cols-1 gap-4">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <div>
          <h1 className="text-xl font-semibold tracking-tight">Specifications</h1>
          <p className="text-sm text-muted">
            Properties that the model should have, in the words of its concepts; checked on a run's inputs
            and, for linear heads, proved.
          </p>
        </div>
        <ProjectChoice path="/specifications" />
      </div>
      <Loaded
        state={projects}
        retry={retryProjects}
        what="the projects"
        skeleton={<Skeleton className="h-96" />}
      >
        {() =>
          slug ? (
            <Loaded
              state={state}
              retry={retry}
              what="the specifications"
              skeleton={<Skeleton className="h-96" />}
            >
              {({ project: found }) =>
                found ? (
                  <Workbench project={found} refresh={() => retry({ requestPolicy: "network-only" })} />
                ) : (
                  <EmptyState title="This project does not exist" />
                )
              }
            </Loaded>
          ) : (
            <EmptyState title="No project yet" />
          )
        }
      </Loaded>
    </div>
  );
}

function Workbench({ project, refresh }: { project: Project; refresh: () => void }) {
  const runs = project.runs.edges.map(({ node }) => node);
  const saved = project.specifications.edges.map(({ node }) => node);
  const [wanted, setRun] = useQueryState("run", "");
  const run = runs.find(({ id }) => id === wanted) ?? runs[0];
  const [checked, setChecked] = useQueryState("text", "");
  const [draft, setDraft] = useState(checked);
  const area = useRef<HTMLTextAreaElement>(null);
  if (!run)
    return (
      <EmptyState title="No finished run yet">
        <p>A specification is checked on the inputs of a run that succeeded.</p>
      </EmptyState>
    );
  const check = (text: string) => {
    setDraft(text);
    setChecked(text);
  };
  const insert = (words: string) => {
    const element = area.current;
    const from = element?.selectionStart ?? draft.length;
    const to = element?.selectionEnd ?? draft.length;
    setDraft(draft.slice(0, from) + words + draft.slice(to));
    // After the text is drawn: the caret stands behind what was inserted.
    requestAnimationFrame(() => {
      element?.focus();
      element?.setSelectionRange(from + words.length, from + words.length);
    });
  };
  return (
    <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
      <div className="grid min-w-0 grid-cols-1 gap-4">
        <form
          className="grid grid-cols-1 gap-3 rounded-lg border bg-surface p-4 sm:p-5"
          onSubmit={(event) => {
            event.preventDefault();
            setChecked(draft);
          }}
        >
          <div className="flex flex-wrap items-center gap-3">
            <SelectField label="Run" value={run.id} onChange={(event) => setRun(event.target.value)}>
              {runs.map((candidate) => (
                <option key={candidate.id} value={candidate.id}>
                  {candidate.modelVersion.model.name} {shortRunName(candidate)}
                </option>
              ))}
            </SelectField>
            <Link
              href={`/runs/${encodeURIComponent(run.id)}`}
              className="text-sm text-accent hover:underline"
            >
              Report of this run
            </Link>
          </div>
          <label className="grid gap-1 text-sm text-muted">
            Property
            <textarea
              ref={area}
              rows={5}
              spellCheck={false}
              value={draft}
              placeholder="predicted(truck) => strength(wheels) > strength(wings)"
              onChange={(event) => setDraft(event.target.value)}
              onKeyDown={(event) => {
                if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) setChecked(draft);
              }}
              className="w-full resize-y rounded-md border border-line bg-surface p-3 font-mono text-sm leading-6 text-ink placeholder:text-faint hover:border-line-strong"
            />
          </label>
          <div className="flex flex-wrap items-center gap-3">
            <Button type="submit" look="primary" disabled={draft.trim() === ""}>
              Check
            </Button>
            <span className="text-xs text-muted">Ctrl + Enter</span>
          </div>
          <Vocabulary key={run.id} runId={run.id} onInsert={insert} onExample={check} />
        </form>
        <SaveSpecification projectId={project.id} text={draft} onSaved={refresh} />
        <SavedSpecifications saved={saved} onOpen={check} />
      </div>
      <div className="min-w-0">
        {checked.trim() === "" ? (
          <EmptyState title="Nothing checked yet">
            <p>
              Write a property, or start from an example: what the run's inputs say about it appears here,
              with the pictures that break it.
            </p>
          </EmptyState>
        ) : (
          <SpecificationCheck key={`${run.id} ${checked}`} runId={run.id} text={checked} />
        )}
      </div>
    </div>
  );
}

/** Examples in the run's own names, its concepts and classes to insert, and the language in short. */
function Vocabulary({
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

const language = [
  ["strength(a) > strength(b)", "concept a is stronger than concept b in the input; also <, >=, <="],
  ["predicted(k)", "the classifier says k"],
  ["label(k)", "the true class is k"],
  ["=>", "implies; then come, ever more binding, or, and, not"],
  ['"long snout"', "names with blanks stand in double quotes"],
] as const;

function SaveSpecification({
  projectId,
  text,
  onSaved,
}: {
  projectId: string;
  text: string;
  onSaved: () => void;
}) {
  const [name, setName] = useState("");
  const [failure, setFailure] = useState<Failure | null>(null);
  const [saved, setSaved] = useState<string | null>(null);
  const [{ fetching }, save] = useMutation(saveMutation);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setSaved(null);
    const { data, error } = await save({ input: { projectId, name: name.trim(), text } });
    setFailure(failureOf(data?.saveSpecification, error));
    if (data?.saveSpecification.__typename !== "Specification") return;
    setSaved(data.saveSpecification.name);
    setName("");
    onSaved();
  };
  return (
    <form
      onSubmit={submit}
      aria-label="Save the property"
      className="grid grid-cols-1 gap-2 rounded-lg border bg-surface p-4 sm:p-5"
    >
      <div className="flex flex-wrap items-center gap-2">
        <TextField
          label="Save as"
          required
          placeholder="trucks have wheels"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <Button type="submit" disabled={fetching || name.trim() === "" || text.trim() === ""}>
          Save
        </Button>
        <span role="status" className="text-sm text-muted">
          {saved && `Saved “${saved}”.`}
        </span>
      </div>
      <FieldIssues failure={failure} field="name" />
      <FieldIssues failure={failure} field="text" />
      <FailureNotice failure={failure} title="Not saved" fields={["name", "text"]} />
    </form>
  );
}

function SavedSpecifications({ saved, onOpen }: { saved: readonly Saved[]; onOpen: (text: string) => void }) {
  if (saved.length === 0) return null;
  return (
    <section aria-labelledby="saved" className="rounded-lg border bg-surface p-4 sm:p-5">
      <h2 id="saved" className="mb-1 font-semibold">
        Saved in this project
      </h2>
      <ul className="-mx-2 grid max-h-80 overflow-auto">
        {saved.map(({ id, name, text, createdAt }) => (
          <li key={id}>
            <button
              type="button"
              onClick={() => onOpen(text)}
              className="w-full rounded-md px-2 py-1.5 text-left hover:bg-sunken"
            >
              <span className="flex items-baseline justify-between gap-3">
                <span className="text-sm font-medium">{name}</span>
                <span className="shrink-0 text-xs text-faint">{moment(createdAt)}</span>
              </span>
              <code className="block font-mono text-xs break-words text-muted">{text}</code>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
