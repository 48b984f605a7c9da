import { ROLE } from "@faultline/run";
import { describe, expect, it } from "vitest";
import { assignRoles, type InputColumns } from "../src/stages/plan/roles.ts";

const options = { seed: 7, alignmentHeldOutShare: 0.2 };

function inputs(counts: Partial<Record<"ALIGNMENT" | "CALIBRATION" | "TEST", number>>): InputColumns {
  const splits = Object.entries(counts).flatMap(([split, count]) =>
    Array.from({ length: count }, () => split as "TEST"),
  );
  return { splits, cleanPositions: new Int32Array(splits.length).fill(-1) };
}

function count(roles: Uint8Array, wanted: number, without = 0): number {
  return roles.filter((bits) => (bits & wanted) === wanted && !(bits & without)).length;
}

describe("assignRoles", () => {
  it("follows the splits and holds a share of the alignment inputs out", () => {
    const { base, attacked, warnings } = assignRoles(
      inputs({ ALIGNMENT: 50, CALIBRATION: 20, TEST: 30 }),
      undefined,
      options,
    );
    expect(count(base, ROLE.EVALUATED)).toBe(30);
    expect(count(base, ROLE.CALIBRATION)).toBe(20);
    expect(count(base, ROLE.ALIGNMENT)).toBe(50);
    expect(count(base, ROLE.ALIGNMENT | ROLE.HELD_OUT)).toBe(10);
    expect(attacked).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it("holds a share of the test split for calibration where there is no such split, and says so", () => {
    const { base, warnings } = assignRoles(inputs({ ALIGNMENT: 10, TEST: 100 }), undefined, options);
    expect(count(base, ROLE.CALIBRATION)).toBe(30);
    expect(count(base, ROLE.EVALUATED)).toBe(70);
    expect(count(base, ROLE.EVALUATED | ROLE.CALIBRATION)).toBe(0);
    expect(warnings.map(({ code }) => code)).toEqual(["NO_CALIBRATION_SPLIT"]);
    const again = assignRoles(inputs({ ALIGNMENT: 10, TEST: 100 }), undefined, options);
    expect(again.base).toEqual(base);
    const other = assignRoles(inputs({ ALIGNMENT: 10, TEST: 100 }), undefined, { ...options, seed: 8 });
    expect(other.base).not.toEqual(base);
  });

  it("fits the alignment on calibration images where there is no alignment split, and says so", () => {
    const { base, warnings } = assignRoles(inputs({ CALIBRATION: 40, TEST: 10 }), undefined, options);
    expect(count(base, ROLE.CALIBRATION | ROLE.ALIGNMENT)).toBe(40);
    expect(warnings.map(({ code }) => code)).toEqual(["NO_ALIGNMENT_SPLIT"]);
  });

  it("evaluates attacked inputs and marks their clean originals", () => {
    const clean = inputs({ ALIGNMENT: 10, CALIBRATION: 10, TEST: 10 });
    const attacked = {
      splits: ["TEST", "TEST", "CALIBRATION"] as const,
      cleanPositions: Int32Array.of(25, 21, 12),
    };
    const roles = assignRoles(clean, { ...attacked, splits: [...attacked.splits] }, options);
    expect([...(roles.attacked ?? [])]).toEqual([ROLE.EVALUATED, ROLE.EVALUATED, 0]);
    expect([...roles.base.entries()].filter(([, bits]) => bits & ROLE.COUNTERPART).map(([i]) => i)).toEqual([
      21, 25,
    ]);
    expect(count(roles.base, ROLE.EVALUATED)).toBe(0);
  });

  it("leaves attacked copies of inputs that calibrate out of the evaluation", () => {
    const clean = inputs({ ALIGNMENT: 4, TEST: 10 });
    const attacked: InputColumns = {
      splits: Array.from({ length: 10 }, () => "TEST" as const),
      cleanPositions: Int32Array.from({ length: 10 }, (_, i) => 4 + i),
    };
    const roles = assignRoles(clean, attacked, options);
    expect(count(roles.base, ROLE.CALIBRATION)).toBe(3);
    expect(count(roles.attacked ?? new Uint8Array(), ROLE.EVALUATED)).toBe(7);
  });
});
