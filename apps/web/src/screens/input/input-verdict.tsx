"use client";

import { ArrowLeft } from "lucide-react";
import Link from "next/link";
import { useQuery } from "urql";
import { decimal, percent, score } from "../../format/number.ts";
import { graphql, type ResultOf } from "../../graphql.ts";
import { FaultMark, VerdictMark } from "../../runs/marks.tsx";
import { inputsHref } from "../../runs/verdict-address.ts";
import { EmptyState, Loaded, Skeleton } from "../../ui/page-states.tsx";
import { Thumbnail } from "../../ui/thumbnail.tsx";
import { AttackDifference, Picture } from "./attack-difference.tsx";
import { ReferenceHeatmaps } from "./reference-heatmaps.tsx";
import { StrengthBars } from "./strength-bars.tsx";

const verdictQuery = graphql(`
  query InputVerdict($runId: ID!, $externalId: String!) {
    verdict(runId: $runId, externalId: $externalId) {
      externalId
      trueClass
      predictedClass
      oracleClass
      confidence
      verdict
      score
      threshold
      misclassified
      fault
      concepts
      run { id attackType { name } }
      input {
        id
        imageUrl
        split
        cleanInput { id imageUrl externalId }
        attackedInputs { id externalId imageUrl dataset { attackType { name } } }
      }
      explanation {
        axis
        strengths
        vlmStrengths
        correctMeanStrengths
        incorrectMeanStrengths
        heatmap
        correctReference
        incorrectReference
        pooledReference
        similarityToCorrect
        similarityToIncorrect
        sentence
        nearestInputs { input { id externalId imageUrl trueClass } distance predictedClass misclassified }
      }
    }
  }
`);

type Verdict = NonNullable<ResultOf<typeof verdictQuery>["verdict"]>;

/** Everything about one input of a run: what was seen, what was answered, and why it is believed or not. */
export function InputVerdict({ runId, externalId }: { runId: string; externalId: string }) {
  const [state, retry] = useQuery({ query: verdictQuery, variables: { runId, externalId } });
  return (
    <div className="grid grid-cols-1 gap-4">
      <Link
        href={inputsHref(runId)}
        className="inline-flex items-center gap-1 justify-self-start text-sm text-muted hover:text-ink"
      >
        <ArrowLeft size={14} aria-hidden /> All inputs
      </Link>
      <Loaded state={state} retry={retry} what="this input" skeleton={<Skeleton className="h-96" />}>
        {({ verdict }) =>
          verdict ? (
            <VerdictDetail runId={runId} verdict={verdict} />
          ) : (
            <EmptyState title={`The run has no input “${externalId}”`} />
          )
        }
      </Loaded>
    </div>
  );
}

function VerdictDetail({ runId, verdict }: { runId: string; verdict: Verdict }) {
  const { explanation, input } = verdict;
  const facts = [
    { name: "True class", value: verdict.trueClass ?? "unlabelled" },
    { name: "Predicted", value: `${verdict.predictedClass} (${percent(verdict.confidence)})` },
    { name: "Oracle", value: verdict.oracleClass },
    { name: "Score", value: score(verdict.score) },
    { name: "Threshold", value: verdict.threshold === null ? "none" : score(verdict.threshold) },
  ];
  return (
    <>
      <section
        aria-label="Verdict"
        className="grid gap-5 rounded-lg border bg-surface p-4 sm:p-5 lg:grid-cols-[auto_minmax(0,1fr)]"
      >
        {input.cleanInput ? (
          <AttackDifference
            cleanUrl={input.cleanInput.imageUrl}
            attackedUrl={input.imageUrl}
            attack={verdict.run.attackType?.name ?? null}
          />
        ) : (
          <Picture caption={verdict.externalId} url={input.imageUrl} />
        )}
        <div className="grid content-start gap-3">
          <h2 className="flex flex-wrap items-center gap-x-3 gap-y-1 text-lg font-semibold">
            <VerdictMark verdict={verdict.verdict} />
            <span className="break-all">{verdict.externalId}</span>
            {verdict.fault && verdict.fault !== "NONE" && (
              <span className="text-sm font-medium">
                <FaultMark fault={verdict.fault} /> <span className="text-muted">fault</span>
              </span>
            )}
          </h2>
          <p className="max-w-prose">{explanation.sentence}</p>
          <dl className="flex flex-wrap gap-x-6 gap-y-2 text-sm">
            {facts.map(({ name, value }) => (
              <div key={name}>
                <dt className="text-xs text-muted">{name}</dt>
                <dd className="font-medium tabular-nums">{value}</dd>
              </div>
            ))}
          </dl>
          {verdict.concepts.length > 0 && (
            <p className="text-sm text-muted">
              Spoke most:{" "}
              {verdict.concepts.map((concept, i) => (
                <span key={concept}>
                  {i > 0 && ", "}
                  <Link
                    prefetch={false}
                    href={inputsHref(runId, { concept })}
                    className="text-ink underline decoration-line-strong hover:text-accent"
                  >
                    {concept}
                  </Link>
                </span>
              ))}
            </p>
          )}
          {input.attackedInputs.length > 0 && (
            <div className="text-sm text-muted">
              Attacked copies
              <ul className="mt-1 flex flex-wrap gap-3">
                {input.attackedInputs.map((attacked) => (
                  <li key={attacked.id} className="flex items-center gap-1.5">
                    <Thumbnail imageUrl={attacked.imageUrl} alt="" size={32} />
                    {attacked.dataset.attackType?.name ?? attacked.externalId}
                  </li>
                ))}
              </ul>
            </div>
          )}
        </div>
      </section>
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
        <StrengthBars
          predictedClass={verdict.predictedClass}
          axis={explanation.axis}
          strengths={explanation.strengths}
          vlmStrengths={explanation.vlmStrengths}
          correctMeans={explanation.correctMeanStrengths}
          incorrectMeans={explanation.incorrectMeanStrengths}
        />
        <div className="grid min-w-0 gap-4">
          <ReferenceHeatmaps predictedClass={verdict.predictedClass} explanation={explanation} />
          <NearestInputs verdict={verdict} />
        </div>
      </div>
    </>
  );
}

function NearestInputs({ verdict }: { verdict: Verdict }) {
  const { nearestInputs } = verdict.explanation;
  return (
    <section aria-labelledby="nearest" className="min-w-0 rounded-lg border bg-surface p-4 sm:p-5">
      <h2 id="nearest" className="font-semibold">
        Nearest calibration inputs
      </h2>
      <p className="mb-3 text-sm text-muted">With the most alike strengths.</p>
      {nearestInputs.length === 0 ? (
        <p className="text-sm text-muted">None are stored with this run.</p>
      ) : (
        <ul className="grid grid-cols-[repeat(auto-fill,minmax(6.5rem,1fr))] gap-3">
          {nearestInputs.map(({ input, distance, predictedClass, misclassified }) => (
            <li key={input.id} className="min-w-0 text-xs">
              <Thumbnail imageUrl={input.imageUrl} alt={input.externalId} size={72} />
              <p className="mt-1 truncate" title={input.externalId}>
                {input.trueClass ?? "unlabelled"}
                {predictedClass && predictedClass !== input.trueClass && ` → ${predictedClass}`}
              </p>
              <p className="text-muted tabular-nums">
                {decimal(distance, 2)}
                {misclassified !== null && (misclassified ? " · wrong" : " · right")}
              </p>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
