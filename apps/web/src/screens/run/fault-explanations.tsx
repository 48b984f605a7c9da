"use client";

import { decimal, probability, signedDecimal } from "../../format/number.ts";
import { graphql, type ResultOf } from "../../graphql.ts";
import { type Column, DataTable, TableTitle } from "../../ui/data-table.tsx";

export const faultExplanationsFragment = graphql(`
  fragment FaultExplanations on FaultReport @_unmask {
    encoderExplanation { concept shift qValue }
    headExplanation { trueClass predictedClass concepts { concept weight } }
    fidelity { concept correlation }
    attackConcepts { concept effect { value low high } qValue significantCells }
  }
`);

type Report = ResultOf<typeof faultExplanationsFragment>;
type HeadRow = Report["headExplanation"][number];
type AttackRow = NonNullable<Report["attackConcepts"]>[number];

export const shiftColumns: Column<Report["encoderExplanation"][number]>[] = [
  { id: "concept", header: "Concept", value: (row) => row.concept },
  {
    id: "shift",
    header: "Shift (sd)",
    align: "right",
    value: (row) => row.shift,
    cell: (row) => signedDecimal(row.shift, 2),
  },
  { id: "meaning", header: "Meaning", value: (row) => (row.shift < 0 ? "lost" : "invented") },
  {
    id: "q",
    header: "q",
    align: "right",
    value: (row) => row.qValue,
    cell: (row) => probability(row.qValue),
  },
];

export const headColumns: Column<HeadRow>[] = [
  { id: "true", header: "True", value: (row) => row.trueClass },
  { id: "predicted", header: "Predicted", value: (row) => row.predictedClass },
  {
    id: "concepts",
    header: "Concepts that pull to the predicted class",
    value: (row) =>
      row.concepts.map(({ concept, weight }) => `${concept} ${signedDecimal(weight, 2)}`).join(", "),
  },
];

const fidelityColumns: Column<Report["fidelity"][number]>[] = [
  { id: "concept", header: "Concept", value: (row) => row.concept },
  {
    id: "correlation",
    header: "Correlation with the VLM",
    align: "right",
    value: (row) => row.correlation,
    cell: (row) => decimal(row.correlation, 2),
  },
];

const attackColumns: Column<AttackRow>[] = [
  { id: "concept", header: "Concept", value: (row) => row.concept },
  {
    id: "effect",
    header: "Clean − attacked",
    align: "right",
    value: (row) => row.effect.value,
    cell: (row) => signedDecimal(row.effect.value, 2),
  },
  {
    id: "q",
    header: "q",
    align: "right",
    value: (row) => row.qValue,
    cell: (row) => probability(row.qValue),
  },
  { id: "cells", header: "Cells", align: "right", value: (row) => row.significantCells },
];

/** Why at the level of concepts: what the encoder lost, what the head weighs wrongly, and how well each is read. */
export function FaultExplanations({ report, attack }: { report: Report; attack: string | null }) {
  const panel = "min-w-0 rounded-lg border bg-surface p-4 sm:p-5";
  return (
    <div className="grid min-w-0 items-start gap-4 lg:grid-cols-2 xl:grid-cols-1">
      {report.attackConcepts && (
        <section className={panel} aria-labelledby="attack-concepts">
          <DataTable
            toolbar={<TableTitle id="attack-concepts" title={`What ${attack ?? "the attack"} changed`} />}
            label="Concepts changed by the attack"
            columns={attackColumns}
            rows={report.attackConcepts}
            csvName="attack-concepts"
            maxHeight={260}
            empty="No significant change."
          />
        </section>
      )}
      <section className={panel} aria-labelledby="encoder-explanation">
        <DataTable
          toolbar={
            <TableTitle id="encoder-explanation" title="What the encoder lost or invented">
              Against the VLM's own view of the same pictures, encoder faults only.
            </TableTitle>
          }
          label="Concepts that the encoder lost or invented"
          columns={shiftColumns}
          rows={report.encoderExplanation}
          csvName="encoder-explanation"
          maxHeight={260}
          empty="No encoder fault to explain."
        />
      </section>
      <section className={panel} aria-labelledby="head-explanation">
        <DataTable
          toolbar={
            <TableTitle id="head-explanation" title="What the head weighs wrongly">
              The head's rows seen through the alignment, by class pair.
            </TableTitle>
          }
          label="Concepts that the head weighs wrongly"
          columns={headColumns}
          rows={report.headExplanation}
          csvName="head-explanation"
          maxHeight={260}
          empty="No head fault to explain."
        />
      </section>
      <section className={panel} aria-labelledby="fidelity">
        <DataTable
          toolbar={
            <TableTitle id="fidelity" title="How well each concept is read">
              Low values: trust what is said about this concept less.
            </TableTitle>
          }
          label="Fidelity of concepts"
          columns={fidelityColumns}
          rows={report.fidelity}
          csvName="concept-fidelity"
          maxHeight={260}
          initialSort={{ id: "correlation", desc: false }}
        />
      </section>
    </div>
  );
}
