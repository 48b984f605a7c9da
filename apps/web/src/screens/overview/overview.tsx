"use client";

import { useQuery } from "urql";
import { count } from "../../format/number.ts";
import { graphql, type ResultOf } from "../../graphql.ts";
import { runNameFragment, shortRunName } from "../../runs/run-name.ts";
import { RunProgress, runProgressFragment } from "../../runs/run-progress.tsx";
import { EmptyState, Loaded, Skeleton } from "../../ui/page-states.tsx";
import { ProjectChoice, useProject } from "../../ui/project-choice.tsx";
import { ModelTimeline, timelineModelFragment } from "./model-timeline.tsx";
import { RunsTable, runsTableFragment } from "./runs-table.tsx";

const overviewQuery = graphql(
  `query Overview($slug: String!) {
    project(slug: $slug) {
      id
      models(first: 20) { totalCount edges { node { id ...TimelineModel } } }
      datasets(first: 1) { totalCount }
      runs(first: 100) { edges { node { id ...RunName ...RunProgress ...RunsTable } } }
    }
  }`,
  [timelineModelFragment, runNameFragment, runProgressFragment, runsTableFragment],
);

/** Home: what runs now, each model's versions over time, and all runs. */
export function Overview() {
  const { state, retry, project } = useProject();
  return (
    <Loaded
      state={state}
      retry={retry}
      what="the projects"
      wholePage
      skeleton={<Skeleton className="h-96" />}
    >
      {() =>
        project ? (
          <ProjectOverview slug={project.slug} name={project.name} />
        ) : (
          <EmptyState title="No project yet">
            <p>
              Start the shipped demonstration with <code>npm run demo</code>, or create a project with the{" "}
              <code>createProject</code> mutation or <code>faultline</code> on the command line.
            </p>
          </EmptyState>
        )
      }
    </Loaded>
  );
}

function ProjectOverview({ slug, name }: { slug: string; name: string }) {
  const [state, retry] = useQuery({ query: overviewQuery, variables: { slug } });
  return (
    <div className="grid grid-cols-1 gap-6">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1 className="text-xl font-semibold tracking-tight">{name}</h1>
        <ProjectChoice path="/" />
      </div>
      <Loaded state={state} retry={retry} what="the project" skeleton={<Skeleton className="h-96" />}>
        {({ project }) =>
          project ? (
            <ProjectContents project={project} onRunEnd={() => retry({ requestPolicy: "network-only" })} />
          ) : (
            <EmptyState title="This project does not exist" />
          )
        }
      </Loaded>
    </div>
  );
}

type ProjectData = NonNullable<ResultOf<typeof overviewQuery>["project"]>;

function ProjectContents({ project, onRunEnd }: { project: ProjectData; onRunEnd: () => void }) {
  const runs = project.runs.edges.map(({ node }) => node);
  const running = runs.filter(({ status }) => status === "RUNNING" || status === "QUEUED");
  return (
    <>
      {running.length > 0 && (
        <section aria-labelledby="running" className="rounded-lg border bg-surface p-4">
          <h2 id="running" className="mb-3 font-semibold">
            Running now
          </h2>
          <ul className="grid grid-cols-1 gap-3">
            {running.map((run) => (
              <li key={run.id} className="grid gap-x-4 gap-y-1 sm:grid-cols-[14rem_1fr]">
                <span className="truncate text-sm font-medium">{shortRunName(run)}</span>
                <RunProgress run={run} onEnd={onRunEnd} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {project.models.edges.length === 0 ? (
        <EmptyState title="No model yet">
          <p>Register a model and its first version, then its versions appear here as a timeline.</p>
        </EmptyState>
      ) : (
        project.models.edges.map(({ node }) => <ModelTimeline key={node.id} model={node} runs={runs} />)
      )}
      <section aria-labelledby="runs">
        <h2 id="runs" className="mb-2 font-semibold">
          Runs <span className="font-normal text-muted">{count(runs.length)}</span>
        </h2>
        {runs.length === 0 ? (
          <EmptyState title="No run yet">
            <p>
              A run takes a model version, a VLM, a concept set and a dataset, and ends in a fault report.
            </p>
          </EmptyState>
        ) : (
          <RunsTable runs={runs} />
        )}
      </section>
    </>
  );
}
