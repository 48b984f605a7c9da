// Finding 15: 8.5 MB of a safetensors header made a message of 154 MB and held the event loop for 7.5 s; 1 MB of .npz took
// 1.3 GB.
import { npyHeader } from "@faultline/inference";
import { Zip, ZipDeflate, zipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectUnharmed, type HostileTarget, startHostileTarget } from "./hostile-target.ts";

const rows = 100_000;
const columns = 512;
const globalId = (type: string, id: string) => Buffer.from(`${type}:${id}`).toString("base64");

/** An .npz whose one array of zeros has so many bytes of elements, which its header describes rightly. */
function zeros(shape: [number, number]): Uint8Array {
  const parts: Uint8Array[] = [];
  const zip = new Zip((_, part) => parts.push(part));
  const member = new ZipDeflate("a.npy", { level: 9 });
  zip.add(member);
  member.push(npyHeader("f4", shape));
  const piece = new Uint8Array(4 * shape[1] * 1000);
  for (let row = 0; row < shape[0]; row += 1000) member.push(piece, row + 1000 >= shape[0]);
  zip.end();
  return Buffer.concat(parts);
}

function safetensors(header: string): Uint8Array {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, Buffer.from(header)]);
}

const wrongTensors = (count: number) =>
  safetensors(
    JSON.stringify(
      Object.fromEntries(
        Array.from({ length: count }, (_, i) => [`tensor ${i}`, { dtype: 1, shape: [-1], data_offsets: [] }]),
      ),
    ),
  );

describe("15. an array file that was made to harm", () => {
  let target: HostileTarget;
  let projectId: string;
  let versionId: string;
  let datasetId: string;
  beforeAll(async () => {
    target = await startHostileTarget();
    const { prisma, pool } = target.database;
    ({ id: projectId } = await prisma.project.create({ data: { slug: "p", name: "p" } }));
    const model = await prisma.model.create({ data: { projectId, name: "m" } });
    ({ id: versionId } = await prisma.modelVersion.create({
      data: { modelId: model.id, name: "v1", classes: ["cat", "dog"], embeddingWidth: columns },
    }));
    ({ id: datasetId } = await prisma.dataset.create({
      data: { projectId, name: "d", classes: ["cat", "dog"], status: "READY", inputCount: rows },
    }));
    await pool.query(
      `INSERT INTO input (dataset_id, position, external_id, split)
       SELECT $1, n, 'input ' || n, 'TEST' FROM generate_series(0, $2::int - 1) AS n`,
      [datasetId, rows],
    );
  });
  afterAll(() => target?.close());

  async function bring(bytes: Uint8Array, more: object = {}) {
    const sha256 = await target.upload(projectId, bytes);
    return target.observe(() =>
      target.graphql(
        `mutation ($input: AddEmbeddingSetInput!) { addEmbeddingSet(input: $input) {
           __typename ... on EmbeddingSet { rows columns } ... on ValidationError { issues { field message } } } }`,
        {
          input: {
            datasetId: globalId("Dataset", datasetId),
            modelVersionId: globalId("ModelVersion", versionId),
            kind: "EMBEDDING",
            sha256,
            ...more,
          },
        },
      ),
    );
  }

  it.each<[string, () => Uint8Array, RegExp]>([
    [
      "15. of a safetensors header of 8.5 MB",
      () => wrongTensors(130_000),
      /header of \d+ bytes is too large/,
    ],
    ["15. of 10,000 tensors", () => wrongTensors(10_000), /10000 tensors, more than 4096/],
    ["15. of 4,000 wrong tensors", () => wrongTensors(4000), /it holds 4000 tensors/],
    ["15. of 1.3 GB of zeros in 1.3 MB", () => zeros([640_000, columns]), /640000 rows; there are 100000/],
    [
      "15. of a directory with 60,000 entries",
      () =>
        zipSync(
          Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`${i}.npy`, new Uint8Array(0)])),
        ),
      /more than 4096 entries/,
    ],
  ])("%s is refused in few words, and nobody waits", { timeout: 300_000 }, async (_, bytes, reason) => {
    const { result, observed } = await bring(bytes());
    const refusal = result.data?.addEmbeddingSet;
    expect(refusal).toMatchObject({ __typename: "ValidationError", issues: [{ field: "input.sha256" }] });
    expect(refusal.issues[0].message).toMatch(reason);
    expect(result.bytes).toBeLessThan(2000);
    expectUnharmed(observed);
  });

  it("15. that is as large as it says, and wanted, passes in little memory", {
    timeout: 300_000,
  }, async () => {
    // 205 MB in 0.2 MB. In the order of the inputs' ids backwards, so that every row has to move.
    const bytes = zeros([rows, columns]);
    expect(bytes.length).toBeLessThan(1e6);
    const inputIds = Array.from({ length: rows }, (_, i) => `input ${rows - 1 - i}`);
    const { result, observed } = await bring(bytes, { inputIds });
    expect(result.data?.addEmbeddingSet).toEqual({ __typename: "EmbeddingSet", rows, columns });
    expectUnharmed(observed);
  });

  it.each<[string, string, object, RegExp]>([
    [
      "15. 100,000 classes",
      "createDataset",
      { name: "x", classes: Array.from({ length: 100_000 }, () => " a ") },
      /Name at most 10,000 classes/,
    ],
    [
      "15. 100,000 concepts",
      "createConceptSet",
      { name: "x", phrases: Array.from({ length: 100_000 }, () => " a ") },
      /at most 4096 concepts/,
    ],
    [
      "15. parameters that are nested 40 deep",
      "createAttackType",
      {
        name: "x",
        norm: "L2",
        epsilon: 1,
        parameters: JSON.parse(`{"a":${"[".repeat(40)}${"]".repeat(40)}}`),
      },
      /Nest at most 32 deep/,
    ],
  ])("%s are refused in few words, and nobody waits", async (_, mutation, input, reason) => {
    const type = `${mutation[0].toUpperCase()}${mutation.slice(1)}Input`;
    const { result, observed } = await target.observe(() =>
      target.graphql(
        `mutation ($input: ${type}!) { ${mutation}(input: $input) {
           __typename ... on ValidationError { issues { field message } } } }`,
        { input: { projectId: globalId("Project", projectId), ...input } },
      ),
    );
    expect(JSON.stringify(result)).toMatch(reason);
    expect(result.bytes).toBeLessThan(2000);
    expectUnharmed(observed);
  });
});
