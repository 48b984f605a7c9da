import { connect, type Socket } from "node:net";
import path from "node:path";
import { FolderArtifactStore, publishVerdicts, type VerdictRow } from "@faultline/db";
import { encodeGlobalID } from "@pothos/plugin-relay";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createWorld, type FinishedRun, finishRun } from "../../apps/api/test/finished-run.ts";
import { expectUnharmed, type HostileTarget, startHostileTarget } from "./hostile-target.ts";

const rows = 30_000;

let target: HostileTarget;
/** A run whose export fits into no buffer of the network, and a token of its project. */
let large: { id: string; token: string };
let neighbour: { run: FinishedRun; token: string };

beforeAll(async () => {
  target = await startHostileTarget();
  const { database } = target;
  const artifactStore = await FolderArtifactStore.open(path.join(target.folder, "artifacts"));
  const finished = async (slug: string) => {
    const world = await createWorld(target, slug);
    const run = await finishRun({ database, artifactStore }, world);
    return { run, token: await target.token(["READ"], world.projectId) };
  };
  neighbour = await finished("neighbour");
  const { run, token } = await finished("hostile");
  const { id, ...row } = await database.prisma.run.findUniqueOrThrow({ where: { id: run.id } });
  const copy = { ...row, name: "large", status: "RUNNING" as const, finishedAt: null, configuration: {} };
  large = { id: (await database.prisma.run.create({ data: copy })).id, token };
  function* verdicts(): Generator<VerdictRow> {
    const [first] = run.verdicts;
    for (let position = 0; position < rows; position++)
      yield {
        ...first,
        inputId: BigInt(first.inputId) + BigInt(position),
        position,
        externalId: `${position}`.padStart(600, "x"),
      };
  }
  await publishVerdicts(database.pool, { runId: large.id, attempt: 1, verdicts: verdicts() });
});
afterAll(() => target.close());

function address(run: string, format: string) {
  return `/runs/${encodeGlobalID("Run", run)}/verdicts.${format}`;
}

function get(run: string, format: string, token: string) {
  return fetch(target.url + address(run, format), { headers: { authorization: `Bearer ${token}` } });
}

/** A reader that reads the first piece and then no more. */
function stalled(format: string): Promise<Socket> {
  const { hostname, port } = new URL(target.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () =>
      socket.write(
        `GET ${address(large.id, format)} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${large.token}\r\n\r\n`,
      ),
    );
    socket.once("data", (data) => {
      socket.pause();
      if (data.toString("latin1").startsWith("HTTP/1.1 200")) resolve(socket);
      else reject(new Error(data.toString("latin1").slice(0, 300)));
    });
    socket.on("error", reject);
  });
}

describe("exports", () => {
  it("12: four stalled readers keep nobody out, hold no connection, and are sent away", async () => {
    const { observed } = await target.observe(async () => {
      const sockets: Socket[] = [];
      for (const format of ["ndjson", "csv", "ndjson", "csv"]) sockets.push(await stalled(format));
      for (const format of ["ndjson", "csv"])
        expect((await get(large.id, format, large.token)).status).toBe(503);
      // Another tenant's export is as it always was.
      const other = await get(neighbour.run.id, "ndjson", neighbour.token);
      expect((await other.text()).trimEnd().split("\n")).toHaveLength(neighbour.run.verdicts.length);
      await vi.waitFor(async () => {
        const { rows: busy } = await target.database.pool.query(
          `SELECT query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
             AND state <> 'idle' AND query LIKE '%verdict%'`,
        );
        expect(busy).toEqual([]);
      }, 20_000);
      // Their patience is 30 s.
      await vi.waitFor(
        async () => {
          const response = await get(large.id, "csv?externalIdPrefix=none", large.token);
          await response.text();
          expect(response.status).toBe(200);
        },
        { timeout: 90_000, interval: 1_000 },
      );
      for (const socket of sockets) socket.destroy();
    });
    expectUnharmed(observed);
  }, 180_000);
});
