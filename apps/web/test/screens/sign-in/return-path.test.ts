import { describe, expect, it } from "vitest";
import { returnPath } from "../../../src/screens/sign-in/return-path.ts";

describe("returnPath", () => {
  it("keeps a path of the dashboard with its query", () => {
    expect(returnPath("/runs/a%3D?class=cat#x")).toBe("/runs/a%3D?class=cat#x");
  });

  it.each([
    null,
    "",
    "//evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "/.//evil.example",
    "/runs/..//evil.example",
    "/%2e/\\evil.example",
    "https://evil.example/",
    "javascript:alert(1)",
    "runs",
  ])("goes to the start for %j", (wanted) => {
    expect(returnPath(wanted)).toBe("/");
  });
});
