"use client";

import { type FormEvent, useId, useState } from "react";
import { useMutation } from "urql";
import { detectorName, detectorOf, type Similarity, similarities } from "../../detectors/detector-names.ts";
import { percent } from "../../format/number.ts";
import { graphql } from "../../graphql.ts";
import { Button } from "../../ui/button.tsx";
import { type Failure, FailureNotice, FieldIssues, failureFragment, failureOf } from "../../ui/failure.tsx";
import { SegmentedControl, SelectField, TextField } from "../../ui/form-controls.tsx";

const publishMutation = graphql(
  `mutation PublishDetector($input: PublishDetectorInput!) {
    publishDetector(input: $input) {
      __typename
      ... on Detector { id name version }
      ...Failure
    }
  }`,
  [failureFragment],
);

/** When the published detector calls an input a defect; numbers as typed. */
export type PublishedRule = {
  readonly kind: "rate" | "threshold" | "zero";
  readonly similarity: Similarity;
  readonly rate: string;
  readonly threshold: string;
};

const shownFields = ["name", "similarity", "falseAlarmRate", "threshold"];

/** Publishes a detector of this run under a name; a name that exists gets its next version. */
export function PublishDetector({
  runId,
  rule,
  onRule,
  names,
  onPublished,
}: {
  runId: string;
  rule: PublishedRule;
  onRule: (rule: PublishedRule) => void;
  /** Of detectors that exist already. */
  names: readonly string[];
  onPublished: (id: string) => void;
}) {
  const [name, setName] = useState(names[0] ?? "");
  const [failure, setFailure] = useState<Failure | null>(null);
  const [published, setPublished] = useState<string | null>(null);
  const [{ fetching }, publish] = useMutation(publishMutation);
  const listId = useId();
  const number = (text: string) => (text.trim() === "" ? Number.NaN : Number(text));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setPublished(null);
    const field = rule.kind === "rate" ? "falseAlarmRate" : "threshold";
    const value = rule.kind === "rate" ? number(rule.rate) / 100 : number(rule.threshold);
    if (rule.kind !== "zero" && !Number.isFinite(value))
      return setFailure({ issues: [{ field, message: "Give a number." }], message: null, needsScope: false });
    const { data, error } = await publish({
      input: {
        runId,
        name: name.trim(),
        similarity: rule.similarity,
        falseAlarmRate: rule.kind === "rate" ? value : null,
        threshold: rule.kind === "threshold" ? value : null,
      },
    });
    setFailure(failureOf(data?.publishDetector, error));
    if (data?.publishDetector.__typename !== "Detector") return;
    setPublished(`${data.publishDetector.name} v${data.publishDetector.version}`);
    onPublished(data.publishDetector.id);
  };
  return (
    <section aria-labelledby="publish" className="min-w-0 rounded-lg border bg-surface p-4 sm:p-5">
      <h2 id="publish" className="font-semibold">
        Publish a detector
      </h2>
      <p className="mb-4 text-sm text-muted">
        A versioned artifact that answers the same, to the bit, in the API, in CI and in your own service.
      </p>
      <form onSubmit={submit} className="grid justify-items-start gap-4" noValidate>
        <div className="grid gap-1">
          <TextField
            label="Name"
            required
            list={listId}
            placeholder="trust-gate"
            value={name}
            onChange={(event) => setName(event.target.value)}
            aria-invalid={failure?.issues.some(({ field }) => field === "name")}
          />
          <datalist id={listId}>
            {names.map((known) => (
              <option key={known} value={known} />
            ))}
          </datalist>
          <FieldIssues failure={failure} field="name" />
        </div>
        <div className="grid gap-1">
          <SelectField
            label="Similarity"
            value={rule.similarity}
            onChange={({ target }) => {
              const similarity = similarities.find(({ value }) => value === target.value);
              if (similarity) onRule({ ...rule, similarity: similarity.value });
            }}
          >
            {similarities.map(({ value }) => (
              <option key={value} value={value}>
                {detectorName(detectorOf(value))}
              </option>
            ))}
          </SelectField>
          <FieldIssues failure={failure} field="similarity" />
        </div>
        <div className="grid gap-2">
          <SegmentedControl
            label="Rule"
            value={rule.kind}
            onChange={(kind) => onRule({ ...rule, kind })}
            options={[
              { value: "rate", label: "False-alarm rate", title: "Split-conformal threshold of each class" },
              { value: "threshold", label: "Own threshold", title: "One threshold for every class" },
              { value: "zero", label: "Score > 0", title: "Nearer to incorrect than to correct behaviour" },
            ]}
          />
          {rule.kind === "rate" && (
            <>
              <span className="inline-flex items-center gap-1.5 text-sm text-muted">
                <TextField
                  label="False alarms, at most"
                  inputMode="decimal"
                  className="w-16 text-right"
                  value={rule.rate}
                  onChange={(event) => onRule({ ...rule, rate: event.target.value })}
                  aria-describedby={`${listId}-rate`}
                />
                % of the correct inputs
              </span>
              <p id={`${listId}-rate`} className="max-w-prose text-sm text-muted">
                Thresholds come from the calibration inputs by split-conformal calibration, with finite-sample
                validity.
              </p>
            </>
          )}
          {rule.kind === "threshold" && (
            <TextField
              label="Flag when score >"
              inputMode="decimal"
              className="w-52"
              value={rule.threshold}
              onChange={(event) => onRule({ ...rule, threshold: event.target.value })}
            />
          )}
          {rule.kind === "zero" && (
            <p className="text-sm text-muted">
              Nearer to the reference of incorrect behaviour than to that of correct behaviour.
            </p>
          )}
          <FieldIssues failure={failure} field={rule.kind === "rate" ? "falseAlarmRate" : "threshold"} />
        </div>
        <FailureNotice failure={failure} title="Not published" fields={shownFields} />
        <div className="flex flex-wrap items-center gap-3">
          <Button type="submit" look="primary" disabled={fetching || name.trim() === ""}>
            {fetching ? "Calibrating …" : "Publish"}
          </Button>
          <p role="status" className="text-sm text-muted">
            {published && `Published ${published}.`}
          </p>
        </div>
      </form>
    </section>
  );
}

/** The rule of a detector in words. */
export function ruleName({
  falseAlarmRate,
  threshold,
}: {
  falseAlarmRate: number | null;
  threshold: number | null;
}): string {
  if (falseAlarmRate !== null) return `≤ ${percent(falseAlarmRate)} false alarms`;
  return threshold === 0 ? "score > 0" : "own threshold";
}
