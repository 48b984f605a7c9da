// 10. The lock of an upload that was lost threw where nobody could catch it, which ended the API.
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { rmdir, utimes } from "node:fs/promises";
import { connect } from "node:net";
import path from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { expectUnharmed, type HostileTarget, startHostileTarget } from "./hostile-target.ts";

let target: HostileTarget;
let projectId: string;
let writer: string;
beforeAll(async () => {
  target = await startHostileTarget();
  ({ id: projectId } = await target.database.prisma.project.create({ data: { slug: "lock", name: "Lock" } }));
  writer = await target.token(["WRITE"], projectId);
});
afterAll(() => target.close());

test.each([
  ["removed", (lock: string) => rmdir(lock)],
  ["taken over", (lock: string) => utimes(lock, new Date(), new Date(Date.now() + 3_600_000))],
])(
  "10. an upload whose lock is %s ends with 409, the API lives, and the upload can be resumed",
  async (_how, lose) => {
    const content = randomBytes(200_000);
    const sha256 = createHash("sha256").update(content).digest("hex");
    const headers = { authorization: `Bearer ${writer}` };
    const address = `${target.url}/uploads/${sha256}`;
    const { hostname, port } = new URL(target.url);
    const socket = connect(Number(port), hostname);
    socket.on("error", () => undefined);
    let answer = "";
    socket.on("data", (data) => {
      answer += data.toString();
    });
    socket.write(
      `PUT /uploads/${sha256} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${writer}\r\n` +
        `Content-Length: ${content.length}\r\n\r\n`,
    );
    socket.write(content.subarray(0, 70_000));
    const offset = async () =>
      (await fetch(address, { method: "HEAD", headers })).headers.get("upload-offset");
    await vi.waitFor(async () => expect(await offset()).toBe("70000"), 5000);

    const lock = path.join(target.folder, "uploads", projectId, `${sha256}.lock`);
    const { observed } = await target.observe(async () => {
      const ended = once(socket, "close");
      await lose(lock);
      await ended;
    });
    expect(answer).toMatch(/^HTTP\/1\.1 409 /);
    expect(answer).toContain('"code":"BUSY"');
    expect(target.api.exitCode).toBeNull();
    expectUnharmed(observed);

    // Whoever took it over has it still, until it is not renewed.
    await utimes(lock, 0, 0).catch(() => undefined);
    const rest = await fetch(address, {
      method: "PUT",
      headers: { ...headers, "content-range": `bytes 70000-199999/200000` },
      body: content.subarray(70_000),
    });
    expect(rest.status).toBe(201);
  },
);
