// Finding 17: settings that became no limit, characters that became faults, and what had no limit at all.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectUnharmed, type HostileTarget, startHostileTarget } from "./hostile-target.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

let target: HostileTarget;
let local: HostileTarget;
const proxyKey = "key-of-the-dashboard-of-this-test-run";
beforeAll(async () => {
  target = await startHostileTarget({
    environment: { FAULTLINE_HTTPS: "1", FAULTLINE_MAX_UPLOAD_BYTES: "64KiB" },
  });
  local = await startHostileTarget({
    environment: { FAULTLINE_LOCAL_USER: "1", FAULTLINE_PROXY_KEY: proxyKey },
  });
});
afterAll(async () => {
  await target.close();
  await local.close();
});

/** Starts the API and waits until it ends by itself. */
async function failedStart(
  environment: Record<string, string>,
): Promise<{ code: number | null; said: string }> {
  const child = spawn(
    process.execPath,
    ["--conditions=faultline-source", "--import", "tsx", "apps/api/src/main.ts"],
    {
      cwd: root,
      env: { ...process.env, DATABASE_URL: target.database.url, PORT: "0", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
  const late = setTimeout(() => child.kill("SIGKILL"), 90_000);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(late);
  return { code, said };
}

describe("17: settings", () => {
  test.each([
    ["FAULTLINE_MAX_UPLOAD_BYTES", "1GiBB"],
    ["FAULTLINE_LOCAL_USER", "yes"],
    ["PORT", "4000x"],
  ])("%s=%s stops the start, and is named", async (variable, value) => {
    const { code, said } = await failedStart({ [variable]: value });
    expect(code).toBe(1);
    expect(said).toContain(`${variable}: `);
  });

  test("a size with a unit is a limit", async () => {
    await target.database.prisma.project.create({ data: { slug: "sizes", name: "sizes" } });
    const put = (bytes: number) =>
      fetch(`${target.url}/uploads/${"a".repeat(64)}`, {
        method: "PUT",
        headers: {
          authorization: `Bearer ${target.admin}`,
          "x-faultline-project": "sizes",
          "content-type": "application/octet-stream",
        },
        body: Buffer.alloc(bytes),
      });
    expect((await put(70_000)).status).toBe(413);
    expect((await put(60_000)).status).not.toBe(413);
  });

  test("a local user behind an address that others reach stops the start", async () => {
    const { code, said } = await failedStart({ FAULTLINE_LOCAL_USER: "1", HOST: "0.0.0.0" });
    expect(code).toBe(1);
    expect(said).toContain("HOST must be");
  });
});

/** One GET with exactly these headers. */
function get(url: string, headers: Record<string, string>): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers }, async (response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode ?? 0, text });
    });
    sent.on("error", reject).end();
  });
}

describe("17: the local user", () => {
  const viewer = (headers: Record<string, string>) =>
    get(`${local.url}/graphql?query=${encodeURIComponent("{ viewer { token { scopes } } }")}`, {
      "apollo-require-preflight": "1",
      ...headers,
    });
  const admin = '{"data":{"viewer":{"token":{"scopes":["ADMIN"]}}}}';
  const nobody = '{"data":{"viewer":null}}';

  test("is who sits at this machine", async () => {
    expect((await viewer({})).text.trim()).toBe(admin);
  });

  test.each<Record<string, string>>([
    { "x-forwarded-for": "203.0.113.7" },
    { "x-forwarded-for": "127.0.0.1" },
    { "x-real-ip": "127.0.0.1" },
    { forwarded: "for=127.0.0.1" },
    { via: "1.1 nginx" },
    { host: "faultline.example" },
    { origin: "https://faultline.example" },
    { referer: "https://faultline.example/" },
    { "x-faultline-proxy-key": proxyKey },
    { "x-faultline-proxy-key": "guessed", "x-forwarded-for": "127.0.0.1", "x-forwarded-host": "localhost" },
    {
      "x-faultline-proxy-key": proxyKey,
      "x-forwarded-for": "203.0.113.7, 127.0.0.1",
      "x-forwarded-host": "localhost",
    },
  ])("is nobody whose request shows a proxy: %o", async (headers) => {
    expect((await viewer(headers)).text.trim()).toBe(nobody);
  });

  test("comes through the dashboard of this machine", async () => {
    const headers = {
      "x-faultline-proxy-key": proxyKey,
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-host": "127.0.0.1:3000",
    };
    expect((await viewer(headers)).text.trim()).toBe(admin);
  });
});

describe("17: characters that cannot be stored", () => {
  const create = "mutation($input: CreateProjectInput!) { createProject(input: $input) { __typename } }";
  test.each([
    ["NUL", { slug: "a\0b", name: "x" }, "input.slug"],
    ["half a character", { slug: "ab", name: "\uD800" }, "input.name"],
  ])("%s in a variable is the caller's fault, by name", async (_what, input, argument) => {
    const answer = await target.graphql(create, { input });
    expect(answer.status).toBe(400);
    expect(answer.errors).toMatchObject([{ extensions: { code: "BAD_USER_INPUT", argument } }]);
  });

  test("NUL in a literal, in a name of JSON, and in an address", async () => {
    const literal = await target.graphql('{ project(slug: "a\\u0000b") { name } }');
    expect(literal.errors).toMatchObject([{ extensions: { code: "BAD_USER_INPUT", argument: "slug" } }]);
    const id = Buffer.from("Run:x").toString("base64");
    const address = await fetch(`${target.url}/runs/${id}/verdicts.csv?externalIdPrefix=a%00b`, {
      headers: { authorization: `Bearer ${target.admin}` },
    });
    expect(address.status).toBe(400);
    expect(await address.text()).toContain("BAD_USER_INPUT");
    expect((await get(`${target.url}/graphql?query={__typename}`, { host: "[" })).status).toBe(400);
  });
});

test("17: every answer says that it is no page, and that TLS is to be kept", async () => {
  for (const path of ["/healthz", "/graphql", "/graphql/stream", "/nothing", "/uploads/x"]) {
    const { headers } = await fetch(`${target.url}${path}`);
    expect(headers.get("content-security-policy"), path).toContain(
      "default-src 'none'; frame-ancestors 'none'",
    );
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
    expect(headers.get("strict-transport-security")).toContain("max-age=31536000");
  }
  expect((await fetch(`${local.url}/healthz`)).headers.get("strict-transport-security")).toBeNull();
});

describe("17: bodies", () => {
  const post = (body: string, secret: string | null) =>
    fetch(`${target.url}/graphql`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
      },
      body,
    });
  const size = 16 * 2 ** 20 - 100;
  const bombs: Record<string, string> = {
    "lists within lists": "[".repeat(size / 2) + "]".repeat(size / 2),
    "empty lists": `[${"[],".repeat(size / 3)}1]`,
    zeros: `[${"0,".repeat(size / 2)}1]`,
    "objects within objects": `${'{"a":'.repeat(size / 6)}1${"}".repeat(size / 6)}`,
  };

  test.each(Object.keys(bombs))("of %s are refused before they are read", async (name) => {
    const body = `{"query":"{__typename}","variables":{"v":${bombs[name]}}}`;
    const { result, observed } = await target.observe(async () => {
      const response = await post(body, target.admin);
      return { status: response.status, text: await response.text() };
    });
    expect(result).toMatchObject({ status: 413, text: expect.stringContaining("BODY_TOO_LARGE") });
    expectUnharmed(observed);
    expect((await post(body, null)).status).toBe(413);
  });

  test("of many ids and of deep ids cost nothing", async () => {
    const nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    const deep = JSON.parse(`${"[".repeat(60)}"x"${"]".repeat(60)}`) as unknown;
    for (const ids of [Array(400_000).fill("x"), deep]) {
      const { result, observed } = await target.observe(() => target.graphql(nodes, { ids }));
      expect(result.errors?.[0].extensions.code).toMatch(/QUERY_TOO_LARGE|BAD_USER_INPUT/);
      expectUnharmed(observed);
    }
  });
});

test("17: who tries tokens is slowed, without harm to the tokens that hold", async () => {
  const valid = await target.token(["READ"]);
  const viewer = "{ viewer { token { name } } }";
  expect((await target.graphql(viewer, {}, valid)).data.viewer).not.toBeNull();
  const guess = (i: number) =>
    target.graphql(viewer, {}, `flt_${i.toString(16).padStart(12, "0")}_${"A".repeat(43)}`);
  const statuses: number[] = [];
  for (let i = 0; i < 70; i++) statuses.push((await guess(i)).status);
  expect(statuses[0]).toBe(200);
  expect(statuses.at(-1)).toBe(429);
  const refused = await fetch(`${target.url}/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token: "guessed" }),
  });
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(Number(refused.headers.get("retry-after"))).toBeLessThanOrEqual(60);
  expect((await target.graphql(viewer, {}, valid)).data.viewer).not.toBeNull();
  // Another visitor of the same dashboard, by what its proxy says.
  const other = await fetch(`${target.url}/session`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-forwarded-for": "203.0.113.7" },
    body: JSON.stringify({ token: "mistyped" }),
  });
  expect(other.status).toBe(401);
});
