import { encodeGlobalID } from "@pothos/plugin-relay";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ApiUnderTest, startApiUnderTest } from "../api-under-test.ts";
import { createWorld, finishRun, type World } from "../finished-run.ts";

let api: ApiUnderTest;
let world: World;
let reader: string;

beforeAll(async () => {
  api = await startApiUnderTest();
  world = await createWorld(api, "routes");
  reader = await api.token(["READ"], world.projectId);
});
afterAll(() => api.close());

function get(path: string, token: string | null = null, headers: Record<string, string> = {}) {
  return fetch(api.url + path, {
    headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
  });
}

async function refusal(response: Response) {
  const { errors } = (await response.json()) as { errors: { message: string; extensions: object }[] };
  return { status: response.status, message: errors[0].message, ...errors[0].extensions };
}

test("an unknown path and a body that is no JSON are answered like everything else", async () => {
  expect(await refusal(await get("/nowhere"))).toMatchObject({ status: 404, code: "NOT_FOUND" });
  const broken = await fetch(`${api.url}/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{",
  });
  expect((await refusal(broken)).status).toBe(400);
});

describe("the session", () => {
  const signIn = (body: string, headers: Record<string, string> = {}) =>
    fetch(`${api.url}/session`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
    });
  const viewer = async (cookie: string) => {
    const response = await fetch(`${api.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", cookie },
      body: JSON.stringify({ query: "{ viewer { token { name } project { slug } } }" }),
    });
    return ((await response.json()) as { data: { viewer: object | null } }).data.viewer;
  };

  test("begins with a token and ends with its deletion", async () => {
    const response = await signIn(JSON.stringify({ token: reader }));
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ scopes: ["READ"] });
    expect(text).not.toContain(reader);
    const [cookie, ...attributes] = response.headers.getSetCookie()[0].split("; ");
    expect(attributes).toEqual(["Max-Age=2592000", "Path=/", "HttpOnly", "SameSite=Lax"]);
    expect(await viewer(cookie)).toMatchObject({ project: { slug: "routes" } });

    const ended = await fetch(`${api.url}/session`, { method: "DELETE", headers: { cookie } });
    expect(ended.status).toBe(204);
    expect(ended.headers.getSetCookie()[0]).toMatch(/^faultline_session=; .*Expires=Thu, 01 Jan 1970/);
  });

  test("ends with its token, and its cookie is for TLS alone where the browser speaks TLS", async () => {
    const soon = await api.token(["READ"], world.projectId, new Date(Date.now() + 100_000));
    const overTls: Record<string, string>[] = [
      { origin: "https://faultline.example" },
      { "x-forwarded-proto": "https" },
    ];
    for (const headers of overTls) {
      const [cookie] = (await signIn(JSON.stringify({ token: soon }), headers)).headers.getSetCookie();
      expect(cookie).toContain("; Secure");
      expect(Number(/Max-Age=(\d+)/.exec(cookie)?.[1])).toBeLessThanOrEqual(100);
    }
  });

  test("refuses what is no valid token", async () => {
    const revoked = await api.token(["READ"], world.projectId);
    await api.database.prisma.apiToken.updateMany({
      where: { prefix: revoked.split("_")[1] },
      data: { revokedAt: new Date() },
    });
    for (const token of ["flt_000000000000_wrong", `${reader.slice(0, -1)}-`, revoked]) {
      const response = await signIn(JSON.stringify({ token }));
      expect(response.headers.getSetCookie()).toEqual([]);
      expect(await refusal(response)).toMatchObject({ status: 401, code: "UNAUTHENTICATED" });
    }
    expect(await refusal(await signIn("{}"))).toMatchObject({
      status: 400,
      issues: [{ field: "body.token" }],
    });
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])(
    "refuses %s, which a form of another site could send",
    async (type) => {
      const response = await signIn(JSON.stringify({ token: reader }), { "content-type": type });
      expect(response.status).toBe(415);
      expect(response.headers.getSetCookie()).toEqual([]);
    },
  );
});

describe("a detector's artifact", () => {
  test("is its JSON, to be kept, for who may read its project", async () => {
    const run = await finishRun(api, world, { seed: 5 });
    const artifact = Buffer.from(JSON.stringify({ schemaVersion: 1 }));
    const detector = await api.database.prisma.detector.create({
      data: {
        projectId: world.projectId,
        runId: run.id,
        name: "guard/π",
        version: 3,
        similarity: "cosine",
        threshold: 0,
        artifactSha256: await api.upload(world.projectId, artifact),
      },
    });
    const path = `/detectors/${encodeGlobalID("Detector", detector.id)}/artifact.json`;
    const response = await get(path, reader);
    expect(await response.json()).toEqual({ schemaVersion: 1 });
    expect(response.headers.get("content-type")).toContain("application/json");
    expect(response.headers.get("content-disposition")).toBe('attachment; filename="guard--v3.json"');
    const etag = response.headers.get("etag") as string;
    expect((await get(path, reader, { "if-none-match": etag })).status).toBe(304);

    expect((await get(path)).status).toBe(401);
    const { id } = await api.database.prisma.project.create({ data: { slug: "elsewhere", name: "E" } });
    expect((await get(path, await api.token(["READ"], id))).status).toBe(404);
    expect(await refusal(await get("/detectors/unknown/artifact.json", reader))).toMatchObject({
      status: 404,
      field: "id",
    });
  });
});

describe("health", () => {
  test("a process with its database and store is ready", async () => {
    expect(await (await get("/healthz")).json()).toEqual({ status: "alive" });
    const ready = await get("/readyz");
    expect(ready.status).toBe(200);
    expect(await ready.json()).toEqual({
      status: "ready",
      checks: { database: "ready", migrations: "ready", artifactStore: "ready" },
    });
  });

  test("an unmigrated database and a store that does not answer are seen", async () => {
    const broken = await startApiUnderTest({
      artifactStore: new Proxy({} as ApiUnderTest["artifactStore"], {
        get: () => async () => {
          throw new Error("secret place is gone");
        },
      }),
    });
    await broken.database.pool.query(`UPDATE "_prisma_migrations" SET checksum = 'edited'`);
    const response = await fetch(`${broken.url}/readyz`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      status: "not ready",
      checks: { database: "ready", migrations: "failed", artifactStore: "failed" },
    });
    expect((await fetch(`${broken.url}/healthz`)).status).toBe(200);
    await broken.close();
  });
});

describe("metrics", () => {
  test("tell of requests, operations, jobs, runs and verdicts", async () => {
    await api.graphql("query Named { projects { totalCount } }");
    await api.graphql("{ nonsense }");
    await api.graphql("{ projects { totalCount } }", {}, null);
    await api.database.pool.query("SELECT graphile_worker.add_job('embed-shard', '{}'::json)");
    const response = await get("/metrics", api.admin);
    expect(response.headers.get("content-type")).toContain("text/plain");
    const text = await response.text();
    const value = (series: string) =>
      Number(
        text
          .split("\n")
          .find((line) => line.startsWith(`${series} `))
          ?.split(" ")
          .at(-1),
      );
    const operation = 'faultline_graphql_operation_duration_seconds_count{type="query",field="projects"}';
    expect(value(operation)).toBe(2);
    expect(
      value('faultline_graphql_errors_total{type="query",field="projects",code="UNAUTHENTICATED"}'),
    ).toBe(1);
    expect(
      value('faultline_graphql_errors_total{type="invalid",field="none",code="GRAPHQL_VALIDATION_FAILED"}'),
    ).toBe(1);
    expect(text).not.toContain("nonsense");
    expect(
      value('faultline_http_request_duration_seconds_count{method="POST",route="/graphql",status="200"}'),
    ).toBeGreaterThan(0);
    expect(value('faultline_jobs{task="embed-shard",state="waiting"}')).toBe(1);
    expect(value('faultline_runs{status="SUCCEEDED"}')).toBe(1);
    const faults = ["ENCODER", "HEAD", "UNDECIDED", "OTHER"];
    const verdicts = faults.map((fault) => value(`faultline_verdicts{fault="${fault}"}`));
    expect(verdicts.reduce((sum, count) => sum + count, 0)).toBe(120);
    expect(value('faultline_database_connections{state="open"}')).toBeGreaterThan(0);
    expect(value("process_cpu_seconds_total")).toBeGreaterThan(0);
  });

  test("are for tokens of the whole installation", async () => {
    expect((await get("/metrics")).status).toBe(401);
    expect(await refusal(await get("/metrics", reader))).toMatchObject({ status: 403 });
    expect((await get("/metrics", await api.token(["READ"]))).status).toBe(200);
  });
});
