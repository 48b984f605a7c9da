import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packTar } from "../../../demo/world/tar.ts";
import { menagerieFiles } from "./menagerie.ts";
import { type WorkerFixture, workerFixture } from "./worker-fixture.ts";

const classes = ["cat", "dog"];
const { content } = menagerieFiles()[0];
const file = (name: string) => ({ name, content });

describe("ingest-dataset", () => {
  let fixture: WorkerFixture;
  beforeAll(async () => {
    fixture = await workerFixture();
  });
  afterAll(() => fixture.close());

  const read = (data: object) => fixture.registration.dataset({ classes, ...data });
  const inputsOf = (datasetId: string) =>
    fixture.registration.database.prisma.input.findMany({
      where: { datasetId },
      orderBy: { position: "asc" },
      include: { cleanInput: true },
    });

  it("reads splits, labels and pictures of an archive, in order of names", async () => {
    const archive = packTar([
      file("test/dog/2.png"),
      file("calibration/cat/7.png"),
      file("alignment/unlabelled/a.png"),
    ]);
    const dataset = await read({ archive });
    expect(dataset).toMatchObject({ status: "READY", inputCount: 3, error: null });
    const inputs = await inputsOf(dataset.id);
    expect(inputs.map(({ externalId, split, label }) => [externalId, split, label])).toEqual([
      ["alignment/unlabelled/a", "ALIGNMENT", null],
      ["calibration/cat/7", "CALIBRATION", 0],
      ["test/dog/2", "TEST", 1],
    ]);
    for (const { imageSha256 } of inputs)
      expect(await fixture.registration.store.read(imageSha256 ?? "")).toEqual(Buffer.from(content));
  });

  it("takes class/file as a test split", async () => {
    const dataset = await read({ archive: packTar([file("dog/2.png")]) });
    expect((await inputsOf(dataset.id)).map(({ split, label }) => [split, label])).toEqual([["TEST", 1]]);
  });

  it.each([
    ["an empty archive", { archive: packTar([]) }, /empty: the upload holds no input/],
    [
      "an archive of a README alone",
      { archive: packTar([file("README")]) },
      /empty: the upload holds no input/,
    ],
    [
      "a class that the dataset lacks",
      { archive: packTar([file("test/cow/1.png")]) },
      /"cow" is not a class/,
    ],
    ["a split that nobody knows", { archive: packTar([file("holdout/cat/1.png")]) }, /no known split/],
    [
      "a file that is no archive",
      { archive: Buffer.from("hello, this is no archive") },
      /archive: it cannot be read/,
    ],
    ["a path out of the archive", { archive: packTar([file("../cat/1.png")]) }, /not safe/],
    [
      "two pictures of one id",
      { archive: packTar([file("test/cat/1.png"), file("test/cat/1.jpg")]) },
      /more than one input with the external id "test\/cat\/1"/,
    ],
    [
      "7. a line without an end",
      { manifest: `{"id":"${"a".repeat(100_000)}` },
      /line 1 .* more than 16384 bytes/,
    ],
    [
      "7. an id of 513 characters",
      { manifest: [{ id: "a".repeat(513), split: "test" }] },
      /line 1 of the manifest: id: Too big/,
    ],
    [
      "7. an id with NUL",
      { manifest: [{ id: "a\0", split: "test" }] },
      /line 1 of the manifest: id: Remove the control/,
    ],
    ["7. half a surrogate pair", { manifest: '{"id":"\\ud800","split":"test"}' }, /id: Remove the control/],
    [
      "7. a thousand unknown fields",
      { manifest: [Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f${i}`, 1]))] },
      /line 1 of the manifest/,
    ],
    ["7. a split of Object's", { manifest: [{ id: "a", split: "constructor" }] }, /no known split/],
    [
      "7. deep JSON",
      { manifest: `{"id":${"[".repeat(8000)}${"]".repeat(8000)}}` },
      /line 1 of the manifest: id/,
    ],
    ["an empty manifest", { manifest: "\n" }, /empty/],
    [
      "a manifest that is not JSON",
      { manifest: '{"id":"a","split":"test"}\n{oops' },
      /line 2 of the manifest is not JSON/,
    ],
    ["a manifest line without id", { manifest: [{ split: "test" }] }, /line 1 of the manifest: id/],
    [
      "a manifest with an unknown field",
      { manifest: [{ id: "a", split: "test", x: 1 }] },
      /line 1 of the manifest/,
    ],
    ["an unknown label", { manifest: [{ id: "a", split: "test", label: "cow" }] }, /"cow" is not a class/],
    [
      "the same id twice",
      {
        manifest: [
          { id: "a", split: "test" },
          { id: "a", split: "test" },
        ],
      },
      /more than one input/,
    ],
    [
      "a picture that was not uploaded",
      { manifest: [{ id: "a", split: "test", sha256: "0".repeat(64) }] },
      /not uploaded to this project/,
    ],
    [
      "a clean id without a clean dataset",
      { manifest: [{ id: "a", split: "test", cleanId: "b" }] },
      /names no clean dataset/,
    ],
  ])("refuses %s, with the reason", async (_, data, message) => {
    const dataset = await read(data);
    expect(dataset.status).toBe("FAILED");
    expect(dataset.error).toMatch(message);
    expect(dataset.error?.length).toBeLessThanOrEqual(500);
    expect(await inputsOf(dataset.id)).toEqual([]);
  });

  it("reads a manifest of uploaded pictures and of bare ids", async () => {
    const sha256 = await fixture.registration.upload(content);
    const dataset = await read({
      manifest: [
        { id: "x", split: "test", label: "dog", sha256 },
        { id: "y", split: "alignment" },
      ],
    });
    expect(dataset.status).toBe("READY");
    expect(
      (await inputsOf(dataset.id)).map(({ externalId, label, imageSha256 }) => [
        externalId,
        label,
        imageSha256,
      ]),
    ).toEqual([
      ["x", 1, sha256],
      ["y", null, null],
    ]);
  });

  it("does not take a picture of another project", async () => {
    const { sha256 } = await fixture.registration.store.put(Buffer.from("someone else's"));
    const dataset = await read({ manifest: [{ id: "x", split: "test", sha256 }] });
    expect(dataset.error).toMatch(/not uploaded to this project/);
  });

  it("ties attacked inputs to their clean ones, by path or by manifest", async () => {
    const clean = await read({ archive: packTar([file("test/cat/1.png"), file("test/dog/2.png")]) });
    const byPath = await read({ archive: packTar([file("test/dog/2.png")]), cleanDatasetId: clean.id });
    const byManifest = await read({
      manifest: [{ id: "attacked-1", split: "test", cleanId: "test/cat/1" }],
      cleanDatasetId: clean.id,
    });
    expect((await inputsOf(byPath.id)).map(({ cleanInput }) => cleanInput?.externalId)).toEqual([
      "test/dog/2",
    ]);
    expect(
      (await inputsOf(byManifest.id)).map(({ cleanInput, label }) => [cleanInput?.externalId, label]),
    ).toEqual([["test/cat/1", 0]]);
    const stray = await read({ archive: packTar([file("test/dog/3.png")]), cleanDatasetId: clean.id });
    expect(stray).toMatchObject({ status: "FAILED" });
    expect(stray.error).toMatch(/test\/dog\/3/);
  });
});
