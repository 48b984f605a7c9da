"use client";

import Link from "next/link";
import { useQuery } from "urql";
import { count } from "../../format/number.ts";
import { moment } from "../../format/time.ts";
import { graphql, type ResultOf } from "../../graphql.ts";
import { buttonClass } from "../../ui/button.tsx";
import { type Column, DataTable } from "../../ui/data-table.tsx";
import { EmptyState, Loaded, Skeleton } from "../../ui/page-states.tsx";
import { ProjectChoice, useProject } from "../../ui/project-choice.tsx";

const conceptSetsQuery = graphql(`
  query ConceptSets($slug: String!) {
    project(slug: $slug) {
      id
      conceptSets(first: 100) {
        edges { node { id name version templates createdAt concepts { phrase } runs(first: 1) { totalCount } } }
      }
    }
  }
`);

type Project = NonNullable<ResultOf<typeof conceptSetsQuery>["project"]>;
type ConceptSet = Project["conceptSets"]["edges"][number]["node"];

const columns: Column<ConceptSet>[] = [
  {
    id: "name",
    header: "Concept set",
    value: ({ name, version }) => `${name} v${version}`,
    cell: ({ id, name, version }) => (
      <Link
        prefetch={false}
        href={`/concepts/${encodeURIComponent(id)}`}
        className="font-medium whitespace-nowrap hover:text-accent hover:underline"
      >
        {name} <span className="font-normal text-muted">v{version}</span>
      </Link>
    ),
  },
  {
    id: "concepts",
    header: "Concepts",
    align: "right",
    value: ({ concepts }) => concepts.length,
    cell: ({ concepts }) => count(concepts.length),
  },
  {
    id: "phrases",
    header: "Phrases",
    value: ({ concepts }) => concepts.map(({ phrase }) => phrase).join(", "),
    cell: ({ concepts }) => (
      <span className="line-clamp-1 min-w-48 text-muted">
        {concepts
          .slice(0, 30)
          .map(({ phrase }) => phrase)
          .join(", ")}
      </span>
    ),
  },
  {
    id: "templates",
    header: "Templates",
    align: "right",
    value: ({ templates }) => templates.length,
    cell: ({ templates }) => <span title={templates.join("\n")}>{count(templates.length)}</span>,
  },
  {
    id: "runs",
    header: "Runs",
    align: "right",
    value: ({ runs }) => runs.totalCount,
    cell: ({ runs }) => count(runs.totalCount),
  },
  {
    id: "created",
    header: "Made",
    align: "right",
    value: ({ createdAt }) => createdAt,
    cell: ({ createdAt }) => <span className="whitespace-nowrap text-muted">{moment(createdAt)}</span>,
  },
];

/** All versions of the project's concept sets. */
export function ConceptSets() {
  const { state: projects, retry: retryProjects, project } = useProject();
  const [state, retry] = useQuery({
    query: conceptSetsQuery,
    variables: { slug: project?.slug ?? "" },
    pause: !project,
    requestPolicy: "cache-and-network",
  });
  const newHref = project ? `/concepts/new?project=${encodeURIComponent(project.slug)}` : "/concepts/new";
  return (
    <div className="grid gap-4">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <div>
          <h1 className="text-xl font-semibold tracking-tight">Concept sets</h1>
          <p className="text-sm text-muted">The words that a model's hidden space is read in.</p>
        </div>
        <div className="flex flex-wrap gap-2">
          <ProjectChoice path="/concepts" />
          <Link href={newHref} className={buttonClass("primary")}>
            New concept set
          </Link>
        </div>
      </div>
      <Loaded
        state={projects}
        retry={retryProjects}
        what="the projects"
        skeleton={<Skeleton className="h-64" />}
      >
        {() =>
          project ? (
            <Loaded
              state={state}
              retry={retry}
              what="the concept sets"
              skeleton={<Skeleton className="h-64" />}
            >
              {({ project: found }) => {
                const sets = (found?.conceptSets.edges ?? [])
                  .map(({ node }) => node)
                  .toSorted((a, b) => a.name.localeCompare(b.name) || b.version - a.version);
                return sets.length === 0 ? (
                  <EmptyState title="No concept set yet">
                    <p>
                      Write one phrase a line, such as “wheels” or “long snout”, and save it as version 1.
                    </p>
                  </EmptyState>
                ) : (
                  <DataTable
                    label="Versions of concept sets"
                    columns={columns}
                    rows={sets}
                    csvName="concept-sets"
                    maxHeight={640}
                  />
                );
              }}
            </Loaded>
          ) : (
            <EmptyState title="No project yet" />
          )
        }
      </Loaded>
    </div>
  );
}
