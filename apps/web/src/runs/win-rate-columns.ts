import { decimal } from "../format/number.ts";
import type { Column } from "../ui/data-table.tsx";

/** A cell of a class × concept view, as a row of its table. */
export type WinRateRow = { class: string; concept: string; value: number | null; inputs: number };

/** Columns of the table of win rates. */
export const winRateColumns: Column<WinRateRow>[] = [
  { id: "class", header: "Class", value: (row) => row.class },
  { id: "concept", header: "Concept", value: (row) => row.concept },
  {
    id: "value",
    header: "Win rate",
    align: "right",
    value: (row) => row.value,
    cell: (row) => decimal(row.value),
  },
  { id: "inputs", header: "Inputs", align: "right", value: (row) => row.inputs },
];
