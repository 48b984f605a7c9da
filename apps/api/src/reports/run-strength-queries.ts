import { conceptRedundancy, matrix } from "@faultline/core";
import { floats } from "@faultline/run";
import { builder, maximumPageSize } from "../builder.ts";
import type { Context } from "../context.ts";
import { InputType } from "../datasets/inputs.ts";
import { inputsById } from "../datasets/inputs-by-id.ts";
import { ValidationError } from "../errors.ts";
import { detailsOf } from "../runs/report-details.ts";
import { partRows, readStrengths } from "../runs/run-strengths.ts";
import { RunType } from "../runs/runs.ts";

interface InputStrengthShape {
  inputId: string;
  strength: number;
  predictedClass: string;
}

const InputStrengthType = builder.objectRef<InputStrengthShape>("InputStrength").implement({
  description: "How strongly a phrase is present in an input.",
  fields: (t) => ({
    input: t.loadable({
      type: InputType,
      description: "The input.",
      load: (ids: string[], context: Context) => inputsById(ids, context),
      resolve: ({ inputId }) => inputId,
    }),
    strength: t.exposeFloat("strength", { description: "Cosine of a(x) and the phrase's vector." }),
    predictedClass: t.exposeString("predictedClass", { description: "The classifier's answer." }),
  }),
});

const ConceptRedundancyType = builder
  .objectRef<{ axis: string[]; cosines: number[] }>("ConceptRedundancy")
  .implement({
    description: "How alike the phrases of the axis are.",
    fields: (t) => ({
      axis: t.exposeStringList("axis", { description: "Rows and columns." }),
      cosines: t.exposeFloatList("cosines", {
        description: "C×C, row-major: cosines of the concept vectors.",
      }),
    }),
  });

/** Rows of the largest values of a stream, largest first, earlier rows first among equals. */
class Largest {
  readonly rows: { row: number; value: number }[] = [];
  constructor(private readonly size: number) {}

  offer(row: number, value: number): void {
    if (this.rows.length === this.size && value <= this.rows[this.size - 1].value) return;
    let at = this.rows.length;
    while (at > 0 && this.rows[at - 1].value < value) at--;
    this.rows.splice(at, 0, { row, value });
    if (this.rows.length > this.size) this.rows.pop();
  }
}

builder.prismaObjectFields(RunType, (t) => ({
  topInputs: t.field({
    type: [InputStrengthType],
    description:
      "Inputs with the highest strength of a phrase of the axis. Reads every strength of the run once.",
    args: {
      axis: t.arg.string({ required: true, description: "A phrase of the run's axis." }),
      first: t.arg.int({ defaultValue: 12, description: "At most so many, up to 100." }),
    },
    select: {
      id: true,
      modelVersion: { select: { classes: true } },
      report: { select: { axis: true, inputs: true, strengthsSha256: true } },
    },
    resolve: async ({ id, modelVersion, report }, args, { artifactStore, pool }) => {
      if (!report) return [];
      const column = report.axis.indexOf(args.axis);
      if (column < 0)
        throw ValidationError.of(
          "axis",
          `"${args.axis}" is not on the axis. There are: ${report.axis.join(", ")}.`,
        );
      const concepts = report.axis.length;
      const stored = { sha256: report.strengthsSha256, inputs: report.inputs, concepts };
      const largest = new Largest(Math.min(Math.max(args.first ?? 12, 1), maximumPageSize));
      const part = partRows(concepts);
      for (let first = 0; first < report.inputs; first += part) {
        const rows = Math.min(part, report.inputs - first);
        const { data } = await readStrengths(artifactStore, stored, first, rows);
        for (let row = 0; row < rows; row++) largest.offer(first + row, data[row * concepts + column]);
      }
      const { rows } = await pool.query<{ place: number; inputId: string; predicted: number }>(
        `SELECT position AS place, input_id::text AS "inputId", predicted_class AS predicted
         FROM verdict WHERE run_id = $1 AND position = ANY ($2::int[])`,
        [id, largest.rows.map(({ row }) => row)],
      );
      const byPlace = new Map(rows.map((row) => [row.place, row]));
      return largest.rows.flatMap(({ row, value }) => {
        const verdict = byPlace.get(row);
        if (!verdict) return [];
        return [
          {
            inputId: verdict.inputId,
            strength: value,
            predictedClass: modelVersion.classes[verdict.predicted],
          },
        ];
      });
    },
  }),
  conceptRedundancy: t.field({
    type: ConceptRedundancyType,
    nullable: true,
    description: "Cosines between the concept vectors of the run's axis; null until the run succeeded.",
    select: { report: { select: { axis: true, details: true } } },
    resolve: async ({ report }, _args, { artifactStore }) => {
      if (!report) return null;
      const { conceptVectorsSha256 } = detailsOf(report).calibration;
      const bytes = await artifactStore.read(conceptVectorsSha256);
      const vectors = floats(bytes);
      const axis = matrix(report.axis.length, vectors.length / report.axis.length, vectors);
      return { axis: report.axis, cosines: Array.from(conceptRedundancy(axis).data) };
    },
  }),
}));
