"use client";

import { type FormEvent, useState } from "react";
import { useMutation } from "urql";
import { graphql } from "../../graphql.ts";
import { Button } from "../../ui/button.tsx";
import { type Failure, FailureNotice, FieldIssues, failureFragment, failureOf } from "../../ui/failure.tsx";
import { TextField } from "../../ui/form-controls.tsx";

const saveMutation = graphql(
  `mutation SaveSpecification($input: SaveSpecificationInput!) {
    saveSpecification(input: $input) { __typename ... on Specification { id name } ...Failure }
  }`,
  [failureFragment],
);

/** Keeps the text in the project under a name. */
export function SaveSpecification({
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
