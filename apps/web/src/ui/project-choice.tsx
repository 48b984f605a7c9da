"use client";

import { useRouter, useSearchParams } from "next/navigation";
import { useQuery } from "urql";
import { graphql } from "../graphql.ts";
import { SelectField } from "./form-controls.tsx";

const projectsQuery = graphql(`
  query Projects { projects(first: 100) { edges { node { id slug name } } } }
`);

/** The slug in `?project=`, else the first project that the visitor reaches. */
export function useProject() {
  const wanted = useSearchParams().get("project");
  const [state, retry] = useQuery({ query: projectsQuery });
  const projects = state.data?.projects.edges.map(({ node }) => node) ?? [];
  return { state, retry, projects, project: projects.find(({ slug }) => slug === wanted) ?? projects[0] };
}

/** Chooses among projects; nothing to choose, nothing shown. */
export function ProjectChoice({ path }: { path: string }) {
  const router = useRouter();
  const { projects, project } = useProject();
  if (projects.length < 2) return null;
  return (
    <SelectField
      label="Project"
      value={project?.slug}
      onChange={(event) => router.push(`${path}?project=${encodeURIComponent(event.target.value)}`)}
    >
      {projects.map(({ slug, name }) => (
        <option key={slug} value={slug}>
          {name}
        </option>
      ))}
    </SelectField>
  );
}
