import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/postgres-setup.ts";
import { type InputRow, ingestInputs } from "../src/index.ts";
import { seedRun } from "./seed.ts";

let database: TestDatabase;
let seed: Awaited<ReturnType<typeof seedRun>>;

function row(externalId: string, fields: Partial<InputRow> = {}): InputRow {
  return { externalId, split: "TEST", label: null, ...fields };
}

beforeAll(async () => {
  database = await createTestDatabase();
  seed = await seedRun(database);
});

afterAll(() => database.close());

test("appends inputs in order, with positions that go on", async () => {
  const { pool, prisma } = database;
  const datasetId = seed.dataset.id;
  const image = "a".repeat(64);
  const first = [
    row("x", { split: "ALIGNMENT", label: 1, imageSha256: image }),
    row("y", { split: "CALIBRATION" }),
  ];
  expect(await ingestInputs(pool, datasetId, first)).toBe(2);
  async function* more() {
    for (let i = 0; i < 20_000; i++) yield row(`картинка ${i}`, { label: i % 2 });
  }
  expect(await ingestInputs(pool, datasetId, more())).toBe(20_000);

  const dataset = await prisma.dataset.findUniqueOrThrow({ where: { id: datasetId } });
  expect(dataset).toMatchObject({ inputCount: 20_002, status: "READY", error: null });
  const inputs = await prisma.input.findMany({ where: { datasetId }, orderBy: { id: "asc" } });
  expect(inputs.map(({ position }) => position)).toEqual(inputs.map((_, i) => i));
  expect(inputs[0]).toMatchObject({ externalId: "x", split: "ALIGNMENT", label: 1, imageSha256: image });
  expect(inputs[1]).toMatchObject({ externalId: "y", split: "CALIBRATION", label: null, imageSha256: null });
  expect(inputs.at(-1)).toMatchObject({ externalId: "картинка 19999", split: "TEST", label: 1 });
});

test("ties attacked inputs to their clean ones and takes over their labels", async () => {
  const { pool, prisma } = database;
  const attacked = await prisma.dataset.create({
    data: {
      projectId: seed.project.id,
      name: "attacked",
      classes: seed.dataset.classes,
      cleanDatasetId: seed.dataset.id,
    },
  });
  const rows = [row("x'", { cleanExternalId: "x" }), row("9'", { cleanExternalId: "картинка 9", label: 0 })];
  expect(await ingestInputs(pool, attacked.id, rows)).toBe(2);
  const inputs = await prisma.input.findMany({
    where: { datasetId: attacked.id },
    orderBy: { position: "asc" },
    include: { cleanInput: true },
  });
  expect(inputs.map(({ label, cleanInput }) => [label, cleanInput?.externalId])).toEqual([
    [1, "x"],
    [0, "картинка 9"],
  ]);

  await expect(
    ingestInputs(pool, attacked.id, [row("a", { cleanExternalId: "nobody" })]),
  ).rejects.toMatchObject({
    name: "IngestionError",
    code: "UNKNOWN_CLEAN_INPUT",
    externalId: "a",
  });
  await expect(ingestInputs(pool, attacked.id, [row("b")])).rejects.toMatchObject({
    code: "UNKNOWN_CLEAN_INPUT",
  });
  expect(await prisma.input.count({ where: { datasetId: attacked.id } })).toBe(2);
});

test("refuses what does not fit, and keeps nothing of it", async () => {
  const { pool, prisma } = database;
  const { id } = await prisma.dataset.create({
    data: { projectId: seed.project.id, name: "strict", classes: ["cat", "dog"] },
  });
  await expect(ingestInputs(pool, id, [row("a, b"), row("c"), row("a, b")])).rejects.toMatchObject({
    code: "DUPLICATE_EXTERNAL_ID",
    externalId: "a, b",
  });
  await expect(ingestInputs(pool, id, [row("a"), row("b", { label: 2 })])).rejects.toMatchObject({
    code: "LABEL_OUT_OF_RANGE",
    externalId: "b",
  });
  await expect(ingestInputs(pool, id, [row("a", { cleanExternalId: "x" })])).rejects.toMatchObject({
    code: "NOT_ATTACKED",
  });
  await expect(ingestInputs(pool, crypto.randomUUID(), [])).rejects.toMatchObject({
    code: "DATASET_NOT_FOUND",
  });
  expect(await prisma.input.count({ where: { datasetId: id } })).toBe(0);
  expect(await prisma.dataset.findUnique({ where: { id } })).toMatchObject({
    inputCount: 0,
    status: "INGESTING",
  });
});
