"use client";

import Link from "next/link";
import { useRouter, useSearchParams } from "next/navigation";
import { useEffect } from "react";
import { useQuery } from "urql";
import { moment } from "../../format/time.ts";
import { graphql } from "../../graphql.ts";
import { runNameFragment } from "../../runs/run-name.ts";
import { RunSelect } from "../../runs/run-select.tsx";
import { SelectField } from "../../ui/form-controls.tsx";
import { EmptyState, ErrorNotice, Loaded, Skeleton } from "../../ui/page-states.tsx";
import { useProject } from "../../ui/project-choice.tsx";
import { useQueryState } from "../../ui/query-state.ts";
import { ConceptEditor } from "./concept-editor.tsx";
import { ConceptReadings, conceptReadingsFragment } from "./concept-readings.tsx";
import { ConceptRedundancy } from "./concept-redundancy.tsx";

const conceptSetQuery = graphql(
  `query ConceptSet($id: ID!) {
    node(id: $id) {
      __typename
      ... on ConceptSet {
        id
        name
        version
        templates
        createdAt
        concepts { phrase }
        runs(first: 100) { edges { node { status project { id slug } ...RunName } } }
      }
    }
  }`,
  [runNameFragment],
);

const versionsQuery = graphql(`
  query ConceptSetVersions($slug: String!, $name: String!, $previous: Int) {
    project(slug: $slug) {
      id
      conceptSets(name: $name, first: 100) { edges { node { id version createdAt } } }
      previous: conceptSet(name: $name, version: $previous) { id name version templates concepts { phrase } }
    }
  }
`);

const readingsQuery = graphql(
  `query RunConcepts($id: ID!) { node(id: $id) { __typename ... on Run { ...ConceptReadings } } }`,
  [conceptReadingsFragment],
);

/** One version of a concept set: edit it into the next version, and see how a run reads it. */
export function ConceptSetPage({ id }: { id: string }) {
  const [state, retry] = useQuery({ query: conceptSetQuery, variables: { id } });
  const set = state.data?.node?.__typename === "ConceptSet" ? state.data.node : null;
  const router = useRouter();
  const finished = (set?.runs.edges ?? [])
    .map(({ node }) => node)
    .filter(({ status }) => status === "SUCCEEDED");
  const [wantedRun, setRun] = useQueryState("run", "");
  // Under an attack concepts are misread on purpose: the newest clean run says more of the phrases.
  const run =
    finished.find((candidate) => candidate.id === wantedRun) ??
    finished.find(({ attackType }) => !attackType) ??
    finished[0];
  const { project: chosenProject } = useProject();
  // A set that was used belongs to its runs' project; an unused one to the project that is looked at.
  const project = set?.runs.edges[0]?.node.project ?? chosenProject;
  const [versions] = useQuery({
    query: versionsQuery,
    variables: {
      slug: project?.slug ?? "",
      name: set?.name ?? "",
      previous: set && set.version > 1 ? set.version - 1 : null,
    },
    pause: !set || !project,
    requestPolicy: "cache-and-network",
  });
  const title = set ? `${set.name} v${set.version}` : null;
  useEffect(() => {
    if (title) document.title = `${title} · Faultline`;
  }, [title]);
  return (
    <Loaded
      wholePage
      state={state}
      retry={retry}
      what="the concept set"
      skeleton={<Skeleton className="h-96" />}
    >
      {() => {
        if (!set) return <EmptyState wholePage title="There is no such concept set, or you may not see it" />;
        const others = (versions.data?.project?.conceptSets.edges ?? [])
          .map(({ node }) => node)
          .toSorted((a, b) => b.version - a.version);
        const before = set.version > 1 ? (versions.data?.project?.previous ?? null) : null;
        return (
          <div className="grid gap-4">
            <div className="flex flex-wrap items-start justify-between gap-3">
              <div>
                <p className="text-sm">
                  <Link href="/concepts" className="text-muted hover:text-ink hover:underline">
                    Concept sets
                  </Link>
                </p>
                <h1 className="text-xl font-semibold tracking-tight">{title}</h1>
                <p className="text-sm text-muted">Made {moment(set.createdAt)}. Versions never change.</p>
              </div>
              {others.length > 1 && (
                <SelectField
                  label="Version"
                  value={set.id}
                  onChange={(event) => router.push(`/concepts/${encodeURIComponent(event.target.value)}`)}
                >
                  {others.map((other) => (
                    <option key={other.id} value={other.id}>
                      v{other.version} · {moment(other.createdAt)}
                    </option>
                  ))}
                </SelectField>
              )}
            </div>
            {project && (
              <ConceptEditor
                key={set.id}
                projectId={project.id}
                original={textOf(set)}
                previous={before && textOf(before)}
                onSaved={(saved) => router.push(`/concepts/${encodeURIComponent(saved)}`)}
              />
            )}
            <div className="mt-2 flex flex-wrap items-center justify-between gap-3 border-t pt-4">
              <h2 className="text-lg font-semibold tracking-tight">How a run reads it</h2>
              {finished.length > 0 && run && <RunSelect runs={finished} run={run} onChoose={setRun} />}
            </div>
            {run ? (
              <RunConcepts key={run.id} runId={run.id} />
            ) : (
              <EmptyState title="No finished run uses this version yet">
                <p>
                  Start a run with {set.name} v{set.version}; then its strongest pictures, the fidelity of
                  each concept and their redundancy appear here.
                </p>
              </EmptyState>
            )}
          </div>
        );
      }}
    </Loaded>
  );
}

function textOf(set: { name: string; version: number; templates: string[]; concepts: { phrase: string }[] }) {
  const { name, version, templates, concepts } = set;
  return { name, version, templates, phrases: concepts.map(({ phrase }) => phrase) };
}

function RunConcepts({ runId }: { runId: string }) {
  const [state, retry] = useQuery({ query: readingsQuery, variables: { id: runId } });
  return (
    <Loaded
      state={state}
      retry={retry}
      what="the concepts of the run"
      skeleton={<Skeleton className="h-96" />}
    >
      {({ node }) =>
        node?.__typename === "Run" ? (
          <>
            <ConceptReadings run={node} />
            {node.conceptRedundancy && (
              <ConceptRedundancy
                axis={node.conceptRedundancy.axis}
                cosines={node.conceptRedundancy.cosines}
              />
            )}
          </>
        ) : (
          <EmptyState title="There is no such run, or you may not see it" />
        )
      }
    </Loaded>
  );
}

/** A concept set from nothing. */
export function NewConceptSet() {
  const { state, retry, project } = useProject();
  const router = useRouter();
  const wanted = useSearchParams().get("project");
  return (
    <div className="grid gap-4">
      <div>
        <p className="text-sm">
          <Link href="/concepts" className="text-muted hover:text-ink hover:underline">
            Concept sets
          </Link>
        </p>
        <h1 className="text-xl font-semibold tracking-tight">New concept set</h1>
      </div>
      <Loaded state={state} retry={retry} what="the projects" skeleton={<Skeleton className="h-96" />}>
        {() =>
          project && (!wanted || project.slug === wanted) ? (
            <ConceptEditor
              projectId={project.id}
              original={null}
              previous={null}
              onSaved={(saved) => router.push(`/concepts/${encodeURIComponent(saved)}`)}
            />
          ) : (
            <ErrorNotice title="No such project" message="You may not see it, or it does not exist." />
          )
        }
      </Loaded>
    </div>
  );
}
