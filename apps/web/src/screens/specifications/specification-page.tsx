"use client";

import { useRef, useState } from "react";
import { useQuery } from "urql";
import { graphql, type ResultOf } from "../../graphql.ts";
import { runNameFragment } from "../../runs/run-name.ts";
import { RunSelect } from "../../runs/run-select.tsx";
import { Button } from "../../ui/button.tsx";
import { EmptyState, Loaded, Skeleton } from "../../ui/page-states.tsx";
import { ProjectChoice, useProject } from "../../ui/project-choice.tsx";
import { useQueryState } from "../../ui/query-state.ts";
import { SaveSpecification } from "./save-specification.tsx";
import { SavedSpecifications } from "./saved-specifications.tsx";
import { SpecificationCheck } from "./specification-check.tsx";
import { Vocabulary } from "./vocabulary.tsx";

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

type Project = NonNullable<ResultOf<typeof specificationsQuery>["project"]>;

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
          <RunSelect runs={runs} run={run} onChoose={setRun} />
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
