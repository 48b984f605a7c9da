import { wilsonInterval } from "@faultline/core";
import type { Interval } from "@faultline/db";

/** A cell of the joint table of two runs on shared inputs: each side's fault (NONE: correct), and how many inputs. */
export interface JointCell {
  first: string;
  second: string;
  inputs: number;
}

interface Side {
  /** Inputs with the fault, and misclassified inputs. */
  faults: number;
  misclassified: number;
  share: number;
}

/**
 * The difference first − second of a fault's share among the misclassified inputs, where both runs saw the same
 * inputs, with a 95 % interval. The shares have random denominators that overlap, so neither a paired nor an
 * unpaired interval of proportions fits: MOVER (Zou & Donner 2008, Statistics in Medicine 27:1693) combines the
 * two Wilson intervals, with the correlation of the two ratios by linearisation (Särndal, Swensson & Wretman
 * 1992, section 5.6). Null when one of the sides has no misclassified input.
 */
export function pairedShareDifference(cells: readonly JointCell[], fault: string): Interval | null {
  const first = side(cells, "first", fault);
  const second = side(cells, "second", fault);
  if (first.misclassified === 0 || second.misclassified === 0) return null;
  let covariance = 0;
  let variance1 = 0;
  let variance2 = 0;
  for (const cell of cells) {
    const influence1 = influence(cell.first, fault, first);
    const influence2 = influence(cell.second, fault, second);
    covariance += cell.inputs * influence1 * influence2;
    variance1 += cell.inputs * influence1 ** 2;
    variance2 += cell.inputs * influence2 ** 2;
  }
  const scale = Math.sqrt(variance1 * variance2);
  const correlation = scale > 0 ? covariance / scale : 0;
  const own = wilsonInterval(first.faults, first.misclassified);
  const other = wilsonInterval(second.faults, second.misclassified);
  const distance = (a: number, b: number) => Math.sqrt(Math.max(0, a * a - 2 * correlation * a * b + b * b));
  const value = first.share - second.share;
  return {
    value,
    low: Math.max(-1, value - distance(first.share - own.lower, other.upper - second.share)),
    high: Math.min(1, value + distance(own.upper - first.share, second.share - other.lower)),
  };
}

function side(cells: readonly JointCell[], which: "first" | "second", fault: string): Side {
  let faults = 0;
  let misclassified = 0;
  for (const cell of cells) {
    if (cell[which] === "NONE") continue;
    misclassified += cell.inputs;
    if (cell[which] === fault) faults += cell.inputs;
  }
  return { faults, misclassified, share: faults / misclassified };
}

/** How much one input moves the share. */
function influence(held: string, fault: string, { misclassified, share }: Side): number {
  if (held === "NONE") return 0;
  return ((held === fault ? 1 : 0) - share) / misclassified;
}
