// Finding 7: a poison archive crash-looped workers, its dataset stayed INGESTING for ever, scratch folders stayed behind.
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectUnharmed, type HostileTarget, startHostileTarget } from "./hostile-target.ts";

function tarHeader(name: string, size: number, type: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write("0000644\0", 100);
  header.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  header.write("        ", 148);
  header.write(type, 156);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

const padded = (content: Buffer) =>
  Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)]);

/** 1.3 MB that name three hundred files by paths of 4 MB. */
function poison(): Buffer {
  const record = Buffer.from(`4190016 path=cat/${"x".repeat(4_190_001)}\n`);
  const entry = Buffer.concat([tarHeader("pax", record.length, "x"), padded(record), tarHeader("a", 0, "0")]);
  // Members of a gzip file follow each other: one entry is compressed once.
  const member = gzipSync(entry);
  return Buffer.concat(Array.from({ length: 300 }, () => member));
}

const gzipBomb = () => {
  const zeros = Buffer.alloc(64 * 2 ** 20);
  const member = gzipSync(zeros);
  const head = gzipSync(tarHeader("zeros", 2 ** 33 - 1, "0"));
  return Buffer.concat([head, ...Array.from({ length: 100 }, () => member)]);
};

const zipBomb = () => {
  const zeros = new Uint8Array(30 * 2 ** 20);
  return zipSync(Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`cat/${i}.png`, zeros])), {
    level: 9,
  });
};

const good = Buffer.from('{"id":"a","split":"test","label":"cat"}\n');

describe("7. an archive that was made to harm", () => {
  let target: HostileTarget;
  let scratch: string;
  let project: string;
  let projectId: string;
  let count = 0;
  beforeAll(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), "faultline-hostile-scratch-"));
    target = await startHostileTarget({ worker: true, environment: { FAULTLINE_SCRATCH: scratch } });
    ({ id: projectId } = await target.database.prisma.project.create({ data: { slug: "p", name: "p" } }));
    project = Buffer.from(`Project:${projectId}`).toString("base64");
    // What the worker compiles at its first dataset is not what the attack does.
    await ingest("manifestSha256", good);
  });
  afterAll(async () => {
    await target?.close();
    await rm(scratch, { recursive: true, force: true });
  });

  /** Makes a dataset of an upload and waits until it is no longer INGESTING, the worker being watched. */
  async function ingest(upload: "archiveSha256" | "manifestSha256", bytes: Uint8Array) {
    const sha256 = await target.upload(projectId, bytes);
    const { prisma } = target.database;
    return target.observe(async () => {
      const { data, errors } = await target.graphql(
        `mutation ($input: CreateDatasetInput!) {
           createDataset(input: $input) { __typename ... on Dataset { id } ... on Error { message } }
         }`,
        { input: { projectId: project, name: `d${count++}`, classes: ["cat", "dog"], [upload]: sha256 } },
      );
      expect(errors).toBeUndefined();
      expect(data.createDataset.__typename).toBe("Dataset");
      const [, id] = Buffer.from(data.createDataset.id, "base64").toString().split(":");
      for (const deadline = Date.now() + 90_000; Date.now() < deadline; ) {
        const dataset = await prisma.dataset.findUniqueOrThrow({ where: { id } });
        if (dataset.status !== "INGESTING") return dataset;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error("the dataset is still INGESTING");
    }, target.worker);
  }

  it.each<[string, "archiveSha256" | "manifestSha256", () => Uint8Array, RegExp]>([
    ["7. of paths of 4 MB", "archiveSha256", poison, /a header in it is 41900\d\d bytes long/],
    ["7. of 6 GB of zeros in gzip", "archiveSha256", gzipBomb, /it unpacks to more than \d+ bytes/],
    ["7. of 600 MB of zeros in zip", "archiveSha256", zipBomb, /bytes in all/],
    [
      "7. of a manifest that is one line of 100 MB",
      "manifestSha256",
      () => Buffer.alloc(1e8, "a"),
      /line 1 of the manifest has more than 16384 bytes/,
    ],
  ])("%s fails with a reason; worker and API go on", async (_, upload, bytes, reason) => {
    const { result, observed } = await ingest(upload, bytes());
    expect(result).toMatchObject({ status: "FAILED", inputCount: 0 });
    expect(result.error).toMatch(reason);
    expect(result.error?.length).toBeLessThanOrEqual(500);
    expectUnharmed(observed);
    expect(target.worker?.exitCode).toBeNull();
    expect(await readdir(scratch)).toEqual([]);
  });

  it("7. beside which others are read as ever", async () => {
    const { result } = await ingest("manifestSha256", good);
    expect(result).toMatchObject({ status: "READY", inputCount: 1 });
  });

  it("7. is tried as often as any job, and not twenty-five times", async () => {
    target.worker?.kill("SIGKILL");
    const sha256 = await target.upload(projectId, Buffer.from("not an archive"));
    const { data } = await target.graphql(
      `mutation ($input: CreateDatasetInput!) { createDataset(input: $input) { __typename } }`,
      { input: { projectId: project, name: "tries", classes: ["cat", "dog"], archiveSha256: sha256 } },
    );
    expect(data.createDataset.__typename).toBe("Dataset");
    const { rows } = await target.database.pool.query(
      `SELECT job.max_attempts FROM graphile_worker._private_jobs job
       JOIN graphile_worker._private_tasks task ON task.id = job.task_id WHERE task.identifier = 'ingest-dataset'`,
    );
    expect(rows).toEqual([{ max_attempts: 6 }]);
  });
});
