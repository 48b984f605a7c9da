import { probability, signedDecimal } from "../format/number.ts";
import type { ResultOf } from "../graphql.ts";
import { EffectBar, effectLimit } from "../plots/effect-bar.tsx";
import type { Column } from "../ui/data-table.tsx";
import { Thumbnail } from "../ui/thumbnail.tsx";
import type { responsibleConceptFragment } from "./responsible-concepts.tsx";

type ResponsibleConcept = ResultOf<typeof responsibleConceptFragment>;
type Effect = Pick<ResponsibleConcept, "concept" | "effect" | "qValue" | "significantCells"> &
  Partial<Pick<ResponsibleConcept, "exampleInputs">>;

/** Columns of a list of effects: their bars share one scale; small effects have three digits. */
export function effectColumns(rows: readonly Effect[]): Column<Effect>[] {
  const limit = effectLimit(rows.map(({ effect }) => effect));
  const digits = limit < 0.1 ? 3 : 2;
  const written = (value: number) => signedDecimal(value, digits);
  const columns: Column<Effect>[] = [
    { id: "concept", header: "Concept", value: (row) => row.concept },
    {
      id: "bar",
      header: "Size",
      value: (row) => row.effect.value,
      className: "w-32",
      cell: (row) => (
        <span className="flex">
          <EffectBar effect={row.effect} limit={limit} />
        </span>
      ),
    },
    {
      id: "effect",
      header: "Effect",
      align: "right",
      value: (row) => row.effect.value,
      cell: (row) => written(row.effect.value),
    },
    {
      id: "interval",
      header: "95 % interval",
      align: "right",
      value: (row) => `${row.effect.low} to ${row.effect.high}`,
      cell: (row) => `${written(row.effect.low)} to ${written(row.effect.high)}`,
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
  if (rows.some(({ exampleInputs }) => exampleInputs?.length))
    columns.push({
      id: "examples",
      header: "Examples",
      value: (row) => row.exampleInputs?.map(({ externalId }) => externalId).join(" "),
      cell: (row) => (
        <span className="flex gap-0.5">
          {row.exampleInputs?.map(({ id, externalId, imageUrl }) => (
            <Thumbnail key={id} imageUrl={imageUrl} alt={externalId} size={20} eager />
          ))}
        </span>
      ),
    });
  return columns;
}
