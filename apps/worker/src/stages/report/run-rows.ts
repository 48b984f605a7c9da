import { type Matrix, matrix, selectRows, stackRows } from "@faultline/core";
import type { ArtifactStore } from "@faultline/db";
import {
  type EmbeddedShard,
  ROLE,
  readColumns,
  readMatrix,
  type StrengthColumns,
  type StrengthShard,
} from "@faultline/run";
import type { Shard } from "../../queue/run-state.ts";

interface RowShard {
  /** Number of its first row in the run. */
  first: number;
  strengths: StrengthShard;
  embedded: Shard & { handOver: EmbeddedShard };
}

/**
 * Every row of a run: the columns in memory (about 120 bytes an input), strengths and embeddings read shard by
 * shard when they are asked for. Row numbers follow shards and positions; the base dataset comes first.
 */
export class RunRows {
  readonly columns: StrengthColumns;
  /** Row numbers by use, ascending. */
  readonly evaluated: Uint32Array;
  readonly calibration: Uint32Array;
  readonly counterparts: Uint32Array;
  readonly #store: ArtifactStore;
  readonly #shards: RowShard[];

  private constructor(store: ArtifactStore, shards: RowShard[], columns: StrengthColumns) {
    this.#store = store;
    this.#shards = shards;
    this.columns = columns;
    this.evaluated = this.#withRole(ROLE.EVALUATED);
    this.calibration = this.#withRole(ROLE.CALIBRATION);
    this.counterparts = this.#withRole(ROLE.COUNTERPART);
  }

  /** @param strengths the shards of the STRENGTHS stage, in order @param embedded those of EMBED, in order */
  static async open(
    store: ArtifactStore,
    strengths: readonly StrengthShard[],
    embedded: readonly (Shard & { handOver: EmbeddedShard })[],
  ): Promise<RunRows> {
    const shards: RowShard[] = [];
    const parts: StrengthColumns[] = [];
    let first = 0;
    for (const [i, shard] of strengths.entries()) {
      shards.push({ first, strengths: shard, embedded: embedded[i] });
      parts.push(await readColumns<StrengthColumns>(store, shard.columnsSha256));
      first += shard.rows;
    }
    return new RunRows(store, shards, concatenate(parts));
  }

  /** The dataset of a row. */
  datasetOf(row: number): string {
    return this.#shardOf(row).strengths.datasetId;
  }

  /** The given rows (ascending) of the strengths, shard by shard. */
  strengths(rows: Uint32Array, kind: "strengths" | "vlmStrengths" = "strengths") {
    return this.#stream(rows, async ({ strengths: shard, first }, own) =>
      selectRows(
        await readMatrix(this.#store, shard[kind]),
        own.map((row) => row - first),
      ),
    );
  }

  /** The given rows (ascending) of the encoder's embeddings, shard by shard. */
  embeddings(rows: Uint32Array) {
    return this.#stream(rows, async ({ embedded }, own) =>
      selectRows(
        await readMatrix(this.#store, embedded.handOver.embedding),
        own.map((row) => this.columns.position[row] - embedded.firstPosition),
      ),
    );
  }

  /** The given rows of the strengths in one matrix: for a bounded number of rows. */
  gatherStrengths(rows: Uint32Array, kind: "strengths" | "vlmStrengths" = "strengths"): Promise<Matrix> {
    return gather(this.strengths(rows, kind), this.#shards[0].strengths[kind].columns);
  }

  /** The given rows of the embeddings in one matrix: for a bounded number of rows. */
  gatherEmbeddings(rows: Uint32Array): Promise<Matrix> {
    return gather(this.embeddings(rows), this.#shards[0].embedded.handOver.embedding.columns);
  }

  async *#stream(
    rows: Uint32Array,
    read: (shard: RowShard, own: Uint32Array) => Promise<Matrix>,
  ): AsyncGenerator<{ rows: Uint32Array; values: Matrix }, void, undefined> {
    let at = 0;
    for (const shard of this.#shards) {
      const from = at;
      while (at < rows.length && rows[at] < shard.first + shard.strengths.rows) at++;
      if (at === from) continue;
      const own = rows.subarray(from, at);
      yield { rows: own, values: await read(shard, own) };
    }
  }

  #shardOf(row: number): RowShard {
    const found = this.#shards.findLast(({ first }) => first <= row);
    if (!found) throw new RangeError(`the run has no row ${row}`);
    return found;
  }

  #withRole(role: number): Uint32Array {
    const rows: number[] = [];
    for (const [row, bits] of this.columns.role.entries()) if (bits & role) rows.push(row);
    return Uint32Array.from(rows);
  }
}

async function gather(parts: AsyncIterable<{ values: Matrix }>, columns: number): Promise<Matrix> {
  const held = [matrix(0, columns)];
  for await (const { values } of parts) held.push(values);
  return stackRows(held);
}

function concatenate(parts: readonly StrengthColumns[]): StrengthColumns {
  const join = (name: keyof StrengthColumns) => {
    const arrays = parts.map((part) => part[name]);
    const length = arrays.reduce((sum, array) => sum + array.length, 0);
    const joined = new (arrays[0].constructor as Float64ArrayConstructor)(length);
    let at = 0;
    for (const array of arrays) {
      joined.set(array, at);
      at += array.length;
    }
    return joined;
  };
  const names = Object.keys(parts[0]) as (keyof StrengthColumns)[];
  return Object.fromEntries(names.map((name) => [name, join(name)])) as unknown as StrengthColumns;
}
