import { writeFileSync } from "node:fs";
import { arch, cpus, platform, release, totalmem } from "node:os";
import { parseArgs } from "node:util";

/** One comparison; `ours` and `peer` in `unit`. */
export interface BenchRow {
  readonly name: string;
  readonly ours: number;
  /** null where nothing is compared with. */
  readonly peer: number | null;
  readonly peerName: string | null;
  /** How many times better ours is: above 1, ours is better. */
  readonly ratio: number | null;
  readonly unit: string;
  /** What a reader must know to judge the row. */
  readonly note?: string;
}

/** A row in which less is better (time, memory). */
export function lessIsBetter(
  name: string,
  ours: number,
  peer: { readonly name: string; readonly value: number } | null,
  unit: string,
  note?: string,
): BenchRow {
  const ratio = peer && peer.value / ours;
  return { name, ours, peer: peer?.value ?? null, peerName: peer?.name ?? null, ratio, unit, note };
}

/** A row in which more is better (AUROC, throughput). */
export function moreIsBetter(
  name: string,
  ours: number,
  peer: { readonly name: string; readonly value: number } | null,
  unit: string,
  note?: string,
): BenchRow {
  const ratio = peer && ours / peer.value;
  return { name, ours, peer: peer?.value ?? null, peerName: peer?.name ?? null, ratio, unit, note };
}

/** The machine and runtime a bench ran on. */
export function environment(): Record<string, string | number> {
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0].model.trim(),
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
  };
}

/**
 * Prints the rows as a table, ratios first, and writes them to the file of `--json FILE` when the command
 * line has it.
 *
 * @param versions versions of the peers, for the head of the file
 */
export function report(
  bench: string,
  rows: readonly BenchRow[],
  versions: Record<string, string> = {},
): void {
  const head = { bench, ...environment(), ...versions };
  console.log(
    `\n${Object.entries(head)
      .map(([key, value]) => `${key}: ${value}`)
      .join(" · ")}\n`,
  );
  const cells = [
    ["ratio", "name", "ours", "peer", "unit", "peer name"],
    ...rows.map((row) => [
      row.ratio === null ? "" : `${row.ratio.toFixed(row.ratio < 10 ? 2 : 1)}×`,
      row.name,
      number(row.ours),
      row.peer === null ? "" : number(row.peer),
      row.unit,
      row.peerName ?? "",
    ]),
  ];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((line) => line[column].length)));
  for (const line of cells)
    console.log(
      line
        .map((cell, column) =>
          column === 1 || column > 3 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
        )
        .join("  ")
        .trimEnd(),
    );
  for (const row of rows) if (row.note) console.log(`  ${row.name}: ${row.note}`);
  const { values } = parseArgs({ options: { json: { type: "string" } }, strict: false });
  if (typeof values.json === "string") {
    writeFileSync(values.json, `${JSON.stringify({ ...head, rows }, null, 2)}\n`);
    console.log(`\nwritten to ${values.json}`);
  }
}

function number(value: number): string {
  return value !== 0 && (Math.abs(value) < 0.01 || Math.abs(value) >= 1e6)
    ? value.toExponential(2)
    : value.toFixed(Math.abs(value) < 10 ? 3 : 1);
}
