import { once } from "node:events";
import { connect } from "node:net";
import { expect } from "@playwright/test";
import { runPath } from "./dashboard.ts";
import { dashboardPages } from "./pages.ts";
import { test } from "./test.ts";

const everywhere = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": expect.stringContaining("camera=()"),
};

test("17 every page has a policy with a nonce of its own, and that nonce on its scripts", async ({
  page,
}) => {
  const seen = new Set<string>();
  const pages = await dashboardPages(page);
  for (const { name, path } of pages) {
    const answer = await page.request.get(path);
    expect(answer.headers(), name).toMatchObject(everywhere);
    const policy = answer.headers()["content-security-policy"];
    const nonce =
      /script-src 'nonce-([\w+/=]{24})' 'sha256-[\w+/=]{44}' 'strict-dynamic';/.exec(policy)?.[1] ?? "";
    seen.add(nonce);
    const directives = policy.split("; ").filter((directive) => !directive.startsWith("script-src "));
    expect(directives, name).toEqual([
      "default-src 'none'",
      "style-src 'self'",
      "img-src 'self' blob: data:",
      "font-src 'self'",
      "connect-src 'self'",
      "object-src 'none'",
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
    ]);
    const scripts = [...(await answer.text()).matchAll(/<script\b[^>]*>/g)].map(([tag]) => tag);
    // All but the theme's, which the policy knows by its hash.
    expect(
      scripts.filter((tag) => !tag.includes(`nonce="${nonce}"`)),
      name,
    ).toEqual(["<script>"]);
    expect(scripts.length, name).toBeGreaterThan(5);
  }
  expect(seen.size).toBe(pages.length);
  expect(seen).not.toContain("");
});

test("17 what is no page may load and run nothing", async ({ page }) => {
  const html = await (await page.request.get("/")).text();
  const script = /<script src="([^"]+)"/.exec(html)?.[1] ?? "";
  for (const path of [script, "/api/healthz", "/api/no-such-route"]) {
    const headers = (await page.request.get(path)).headers();
    expect(headers, path).toMatchObject({
      ...everywhere,
      "content-security-policy": expect.stringMatching(/^default-src 'none'; .*sandbox$/),
    });
  }
  expect((await page.request.get("/_next/image?url=%2Ficon.svg&w=64&q=75")).status()).toBe(404);
});

test("17 over https, as the proxy in front says, browsers are told to stay with it", async ({ page }) => {
  for (const path of ["/", "/api/healthz", "/icon.svg"]) {
    const hsts = async (headers: Record<string, string>) =>
      (await page.request.get(path, { headers })).headers()["strict-transport-security"];
    expect(await hsts({ "x-forwarded-proto": "https" }), path).toBe("max-age=31536000");
    expect(await hsts({ "x-forwarded-proto": "https, http" }), path).toBe("max-age=31536000");
    expect(await hsts({ "x-forwarded-proto": "http" }), path).toBeUndefined();
    expect(await hsts({}), path).toBeUndefined();
  }
});

test("17 markup that found its way into a page runs no script", async ({ page, brokenPolicies }) => {
  await page.goto("/sign-in");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Sign in");
  const ran = await page.evaluate(async () => {
    const run: string[] = [];
    Object.assign(window, { ran: (what: string) => run.push(what) });
    const markup = document.createElement("div");
    markup.innerHTML = `<img src="/api/none" onerror="ran('handler')"><a href="javascript:ran('link')">x</a>
      <iframe srcdoc="<script>parent.ran('frame')</script>"></iframe><style>body { --styled: yes }</style>
      <form action="https://evil.example/"><button>x</button></form>`;
    document.body.append(markup);
    markup.querySelector("a")?.click();
    markup.querySelector("button")?.click();
    await new Promise((resolve) => setTimeout(resolve, 500));
    if (getComputedStyle(document.body).getPropertyValue("--styled") !== "") run.push("style");
    return run;
  });
  expect(ran).toEqual([]);
  expect(page.url()).toMatch(/\/sign-in$/);
  for (const directive of ["script-src", "style-src", "form-action"])
    expect(brokenPolicies.join("\n")).toContain(directive);
  brokenPolicies.length = 0;
});

test("17 the dashboard's door refuses other sites' changes, and adds who asked", async ({
  page,
  baseURL,
}) => {
  const statusOf = async (headers: Record<string, string>) =>
    (await page.request.post("/api/graphql", { data: { query: "{ __typename }" }, headers })).status();
  expect(await statusOf({ "sec-fetch-site": "same-origin" })).toBe(200);
  expect(await statusOf({ "sec-fetch-site": "same-site" })).toBe(403);
  expect(await statusOf({ origin: "http://evil.example" })).toBe(403);

  // The demo signs its own machine in; a visitor who came through a proxy is not of this machine.
  const viewer = async (headers: Record<string, string>) => {
    const answer = await page.request.post("/api/graphql", {
      data: { query: "{ viewer { token { prefix } } }" },
      headers,
    });
    return (await answer.json()).data?.viewer?.token.prefix;
  };
  expect(await viewer({})).toBe("local-user");
  const ofOthers: Record<string, string>[] = [
    { "x-forwarded-for": "203.0.113.7" },
    { "x-forwarded-host": "faultline.example" },
    { forwarded: "for=203.0.113.7" },
    { host: "rebound.example" },
  ];
  for (const headers of ofOthers) expect(await viewer(headers), JSON.stringify(headers)).toBeUndefined();

  // Two ways of telling a body's length, an absolute address, a path out of /api: none reaches another place.
  const { hostname, port } = new URL(baseURL ?? "");
  const raw = async (head: string) => {
    const socket = connect(Number(port), hostname);
    socket.setEncoding("latin1");
    let answer = "";
    socket.on("data", (part) => {
      answer += part;
    });
    socket.write(`${head}\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n\r\n`);
    await once(socket, "close");
    return answer;
  };
  expect(await raw("POST /api/graphql HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked")).toMatch(
    /^HTTP\/1\.1 400 /,
  );
  expect(await raw("GET http://evil.example/api/healthz HTTP/1.1")).not.toMatch(/^HTTP\/1\.1 200 /);
  expect(await raw("GET /api/..//evil.example/ HTTP/1.1")).not.toMatch(/location: (https?:)?\/\/evil/i);
});

test("17 a menu, a download and a picture of a plot keep to the policy", async ({ page }) => {
  await page.goto(await runPath(page, "v1.0 clean"));
  for (const kind of ["PNG picture", "SVG drawing", "CSV table"]) {
    await page.getByRole("button", { name: /^Save Class × concept/ }).click();
    const download = page.waitForEvent("download");
    await page.getByRole("menuitem", { name: kind }).click();
    expect(await (await download).path()).toBeTruthy();
  }
});
