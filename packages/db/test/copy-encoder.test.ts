import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/postgres-setup.ts";
import { copyRows, encodeField, uuidBytes } from "../src/copy-encoder.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase({ migrated: false });
  await database.pool.query(
    `CREATE TABLE sample (i integer, b bigint, f real, d double precision, t text, y boolean, a smallint[], u uuid)`,
  );
});

afterAll(() => database.close());

const row = fc.record({
  i: fc.option(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
  b: fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  f: fc.float({ noNaN: true, noDefaultInfinity: true }),
  d: fc.double({ noNaN: true }),
  // Sometimes longer than a chunk; PostgreSQL has no zero character.
  t: fc.option(
    fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.nat(3).map((n) => "€".repeat(n * 100_000)),
    ),
  ),
  y: fc.option(fc.boolean()),
  a: fc.array(fc.integer({ min: -32768, max: 32767 }), { maxLength: 20 }),
  u: fc.uuid(),
});

test("what is copied in is what PostgreSQL reads", async () => {
  const { pool } = database;
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 30 }), async (rows) => {
      const clean = rows.map((one) => ({ ...one, t: one.t?.replaceAll("\0", "") ?? null }));
      await pool.query("TRUNCATE sample");
      const client = await pool.connect();
      try {
        const count = await copyRows(
          client,
          "COPY sample FROM STDIN (FORMAT binary)",
          clean,
          (encoder, one) => {
            encoder.row(8);
            encoder.int32(one.i);
            encoder.int64(one.b);
            encoder.float32(one.f);
            encoder.float64(one.d);
            encoder.text(one.t);
            encoder.boolean(one.y);
            encoder.int16Array(one.a);
            encoder.field(encodeField(uuidBytes(one.u)));
          },
        );
        expect(count).toBe(rows.length);
      } finally {
        client.release();
      }
      const stored = await pool.query("SELECT * FROM sample");
      expect(stored.rows).toEqual(
        clean
          .map((one) => ({ ...one, b: String(one.b), f: one.f || 0, d: one.d || 0 }))
          .map((one) => ({
            ...one,
            f: expect.toSatisfy((value: number) => Math.fround(value) === one.f),
            d: expect.toSatisfy((value: number) => value === one.d),
          })),
      );
    }),
    { numRuns: 40 },
  );
});
