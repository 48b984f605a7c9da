"use client";

import { CircleCheck, CircleHelp, CircleX } from "lucide-react";
import Link from "next/link";
import { useQuery } from "urql";
import { count } from "../../format/number.ts";
import { graphql, type ResultOf } from "../../graphql.ts";
import { FaultMark } from "../../runs/marks.tsx";
import { inputHref } from "../../runs/verdict-address.ts";
import { Headline, Headlines } from "../../ui/interval-value.tsx";
import { ErrorNotice, Loaded, Skeleton } from "../../ui/page-states.tsx";
import { Thumbnail } from "../../ui/thumbnail.tsx";
import { type ErrorPlace, errorPlace } from "./specification-error.ts";

const checkQuery = graphql(`
  query CheckSpecification($id: ID!, $text: String!) {
    node(id: $id) {
      __typename
      ... on Run {
        id
        checkSpecification(text: $text) {
          __typename
          ... on SpecificationCheck {
            inputs
            applicable
            satisfied
            share { value low high }
            verification
            verificationReason
            counterexamples {
              externalId
              trueClass
              predictedClass
              fault
              input { id imageUrl }
            }
          }
          ... on ValidationError { message issues { field message position { line column } } }
        }
      }
    }
  }
`);

type Node = NonNullable<ResultOf<typeof checkQuery>["node"]>;
type Result = Extract<Node, { __typename: "Run" }>["checkSpecification"];
type Check = Extract<Result, { __typename: "SpecificationCheck" }>;

const verifications = {
  HOLDS: {
    Icon: CircleCheck,
    words: "Holds for every embedding seen in data, and between them",
    tone: "text-accent",
  },
  VIOLATED: { Icon: CircleX, words: "Some embedding breaks it", tone: "text-defect" },
  UNKNOWN: { Icon: CircleHelp, words: "Neither proved nor disproved", tone: "text-muted" },
} as const;

/** What a specification comes to on a run: how many inputs satisfy it, which do not, and whether it can be proved. */
export function SpecificationCheck({ runId, text }: { runId: string; text: string }) {
  const [state, retry] = useQuery({ query: checkQuery, variables: { id: runId, text } });
  return (
    <Loaded state={state} retry={retry} what="the check" skeleton={<Skeleton className="h-80" />}>
      {({ node }) => {
        if (node?.__typename !== "Run")
          return <ErrorNotice title="No such run" message="It does not exist, or you may not see it." />;
        const check = node.checkSpecification;
        if (check.__typename === "ValidationError") {
          const messages = check.issues.map(({ message }) => message).join(" ") || check.message;
          const position = check.issues.find((issue) => issue.position)?.position ?? null;
          return <TextNotice message={messages} place={position && errorPlace(position, text)} />;
        }
        return <CheckResult runId={runId} check={check} />;
      }}
    </Loaded>
  );
}

/** What is wrong with the text, and where. */
function TextNotice({ message, place }: { message: string; place: ErrorPlace | null }) {
  return (
    <div className="grid gap-2">
      <ErrorNotice
        title={place ? "The specification cannot be read" : "The specification does not fit"}
        message={place ? `Line ${place.line}, column ${place.column}: ${message}` : message}
      />
      {place && (
        <pre className="overflow-x-auto rounded-md border bg-surface p-3 font-mono text-sm leading-6">
          <span className="mr-3 text-faint select-none">{place.line}</span>
          {place.before}
          <mark className="rounded-sm bg-defect-soft px-0.5 font-bold text-defect underline decoration-wavy underline-offset-4">
            {place.at || " "}
          </mark>
          {place.after}
        </pre>
      )}
    </div>
  );
}

function CheckResult({ runId, check }: { runId: string; check: Check }) {
  const { Icon, words, tone } = verifications[check.verification];
  const violated = check.applicable - check.satisfied;
  return (
    <div className="grid gap-4">
      <Headlines>
        <Headline
          name="Satisfied"
          interval={check.share}
          value={check.share ? undefined : "–"}
          note={
            check.applicable === 0
              ? "its premise holds for no input"
              : `${count(check.satisfied)} of ${count(check.applicable)} inputs that it applies to`
          }
        />
        <Headline
          name="Applies to"
          value={count(check.applicable)}
          note={`of ${count(check.inputs)} inputs in the run`}
        />
        <Headline name="Counterexamples" value={count(violated)} note="inputs of the run that violate it" />
      </Headlines>
      <section aria-labelledby="verification" className="flex gap-3 rounded-lg border bg-surface p-4 sm:p-5">
        <Icon size={20} className={`mt-0.5 shrink-0 ${tone}`} aria-hidden />
        <div>
          <h2 id="verification" className="font-semibold">
            <span className={tone}>{check.verification}</span> · {words}
          </h2>
          <p className="text-sm text-muted">
            {check.verificationReason} Verification is about every embedding in the box that the run's inputs
            span, not only about the inputs.
          </p>
        </div>
      </section>
      {check.counterexamples.length > 0 && (
        <section aria-labelledby="counterexamples" className="rounded-lg border bg-surface p-4 sm:p-5">
          <h2 id="counterexamples" className="font-semibold">
            Counterexamples
          </h2>
          <p className="mb-3 text-sm text-muted">
            {violated > check.counterexamples.length
              ? `The first ${count(check.counterexamples.length)} of ${count(violated)}.`
              : "All of them."}
          </p>
          <ul className="grid grid-cols-[repeat(auto-fill,minmax(7.5rem,1fr))] gap-3">
            {check.counterexamples.map((verdict) => (
              <li key={verdict.externalId}>
                <Link
                  prefetch={false}
                  href={inputHref(runId, verdict.externalId)}
                  title={verdict.externalId}
                  className="group block text-xs"
                >
                  <Thumbnail imageUrl={verdict.input.imageUrl} alt={verdict.externalId} size={112} />
                  <span className="mt-1 block truncate group-hover:text-accent">
                    {verdict.trueClass ?? "unlabelled"}
                    {verdict.trueClass !== verdict.predictedClass && (
                      <span className="text-muted"> taken for {verdict.predictedClass}</span>
                    )}
                  </span>
                  {verdict.fault && verdict.fault !== "NONE" && <FaultMark fault={verdict.fault} />}
                </Link>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}
