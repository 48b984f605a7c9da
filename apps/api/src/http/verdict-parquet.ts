import { once } from "node:events";
import { PassThrough, type Readable } from "node:stream";
import type { ExportedVerdict } from "@faultline/db";
import { type BasicType, ByteWriter, parquetWriteRows, type SchemaElement } from "hyparquet-writer";

/** Rows that are held in memory at a time; readers of the file skip whole row groups by their statistics. */
const rowGroupSize = 20_000;

const columns: readonly { name: keyof ExportedVerdict; type: BasicType; nullable: boolean }[] = [
  { name: "externalId", type: "STRING", nullable: false },
  { name: "position", type: "INT32", nullable: false },
  { name: "trueClass", type: "STRING", nullable: true },
  { name: "predictedClass", type: "STRING", nullable: false },
  { name: "oracleClass", type: "STRING", nullable: false },
  { name: "confidence", type: "FLOAT", nullable: false },
  { name: "verdict", type: "STRING", nullable: false },
  { name: "score", type: "DOUBLE", nullable: false },
  { name: "threshold", type: "DOUBLE", nullable: true },
  { name: "misclassified", type: "BOOLEAN", nullable: true },
  { name: "fault", type: "STRING", nullable: true },
];

/** The columns above, and `concepts` as a list of strings. */
const schema: SchemaElement[] = [
  { name: "verdict", num_children: columns.length + 1 },
  ...columns.map(
    ({ name, type, nullable }): SchemaElement => ({
      name,
      ...(type === "STRING"
        ? { type: "BYTE_ARRAY", converted_type: "UTF8" }
        : { type: type as "INT32" | "FLOAT" | "DOUBLE" | "BOOLEAN" }),
      repetition_type: nullable ? "OPTIONAL" : "REQUIRED",
    }),
  ),
  { name: "concepts", converted_type: "LIST", repetition_type: "REQUIRED", num_children: 1 },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  { name: "element", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" },
];

/** A Parquet file (Snappy) as a stream, one row group after the other; a slow reader holds back the rows. */
export function verdictParquet(rows: AsyncIterable<ExportedVerdict>): Readable {
  const output = new PassThrough();
  parquetWriteRows({
    writer: new StreamWriter(output),
    rows,
    columns: [...columns, { name: "concepts" }].map(({ name }) => ({ name })),
    schema,
    rowGroupSize,
    createdBy: "faultline",
  })?.catch((error: Error) => output.destroy(error));
  return output;
}

/** Hands every finished row group on. */
class StreamWriter extends ByteWriter {
  constructor(private readonly output: PassThrough) {
    super(2 ** 20);
  }

  async flush(): Promise<void> {
    if (this.output.destroyed) throw new Error("The reader went away");
    const more = this.output.write(this.getBytes().slice());
    this.index = 0;
    if (more) return;
    await Promise.race([once(this.output, "drain"), once(this.output, "close")]);
  }

  override async finish(): Promise<void> {
    await this.flush();
    this.output.end();
  }
}
