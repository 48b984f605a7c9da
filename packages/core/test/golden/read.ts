import { readFileSync } from "node:fs";
import { type Matrix, matrix } from "../../src/index.ts";

/** A golden file beside this one, written by the .py of the same name. */
export function golden<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), "utf8")) as T;
}

/** Rows of numbers as a matrix. */
export function fromRows(rows: readonly (readonly number[])[]): Matrix {
  return matrix(rows.length, rows[0].length, Float32Array.from(rows.flat()));
}
