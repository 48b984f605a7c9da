"use client";

import { Bookmark, Trash2 } from "lucide-react";
import { Popover } from "radix-ui";
import { type FormEvent, useState } from "react";
import { useMutation, useQuery } from "urql";
import { graphql } from "../../graphql.ts";
import { Button, buttonClass } from "../../ui/button.tsx";
import { TextField } from "../../ui/form-controls.tsx";
import { ErrorNotice, Loaded, plainMessage } from "../../ui/page-states.tsx";

const viewsQuery = graphql(`
  query SavedViews($projectId: ID!) {
    node(id: $projectId) {
      __typename
      ... on Project { id savedViews(first: 100) { edges { node { id name query } } } }
    }
  }
`);

const saveMutation = graphql(`
  mutation SaveView($input: SaveViewInput!) {
    saveView(input: $input) { __typename ... on Error { message } }
  }
`);

const deleteMutation = graphql(`
  mutation DeleteView($id: ID!) { deleteView(id: $id) { __typename ... on Error { message } } }
`);

/** Named filters of the project: open one, save the present one, delete one. */
export function SavedViews({
  projectId,
  query,
  onOpen,
}: {
  projectId: string;
  query: string;
  onOpen: (query: string) => void;
}) {
  const [open, setOpen] = useState(false);
  const [name, setName] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [state, retry] = useQuery({ query: viewsQuery, variables: { projectId }, pause: !open });
  const [, save] = useMutation(saveMutation);
  const [, remove] = useMutation(deleteMutation);
  const views =
    state.data?.node?.__typename === "Project"
      ? state.data.node.savedViews.edges.map(({ node }) => node)
      : [];
  const refresh = () => retry({ requestPolicy: "network-only" });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const { data, error } = await save({ input: { projectId, name: name.trim(), query } });
    const refused = data && "message" in data.saveView ? data.saveView.message : null;
    setProblem(error ? plainMessage(error) : refused);
    if (error || refused) return;
    setName("");
    refresh();
  };
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger className={buttonClass()}>
        <Bookmark size={14} aria-hidden /> Saved views
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="start"
          sideOffset={4}
          aria-label="Saved views"
          className="z-40 grid w-80 max-w-[calc(100vw-2rem)] gap-3 rounded-lg border bg-surface p-3 shadow-float"
        >
          <Loaded state={state} retry={retry} what="the saved views">
            {() =>
              views.length === 0 ? (
                <p className="text-sm text-muted">No view saved yet. Set filters, then name them here.</p>
              ) : (
                <ul className="grid max-h-64 overflow-auto">
                  {views.map((view) => (
                    <li key={view.id} className="flex items-center gap-1">
                      <button
                        type="button"
                        className="min-w-0 flex-1 truncate rounded px-2 py-1.5 text-left text-sm hover:bg-sunken"
                        onClick={() => {
                          onOpen(view.query);
                          setOpen(false);
                        }}
                      >
                        {view.name}
                      </button>
                      <button
                        type="button"
                        aria-label={`Delete ${view.name}`}
                        className="grid size-7 place-items-center rounded text-muted hover:bg-sunken hover:text-ink"
                        onClick={() => remove({ id: view.id }).then(refresh)}
                      >
                        <Trash2 size={14} aria-hidden />
                      </button>
                    </li>
                  ))}
                </ul>
              )
            }
          </Loaded>
          {problem && <ErrorNotice title="Not saved" message={problem} />}
          <form onSubmit={submit} className="flex gap-2 border-t pt-3">
            <TextField
              label="Name of this view"
              hideLabel
              placeholder="Name of this view"
              required
              className="w-44"
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
            <Button type="submit" look="primary" disabled={name.trim() === ""}>
              Save
            </Button>
          </form>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
