import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const core = fileURLToPath(new URL("../..", import.meta.url));

describe("the committed kernels", () => {
  it("are what their sources compile to, to the byte", () => {
    const folder = mkdtempSync(join(tmpdir(), "faultline-kernels-"));
    try {
      execFileSync(process.execPath, [join(core, "kernel/build.mjs"), folder]);
      for (const kernel of ["predicates", "products", "bootstrap"]) {
        const file = join("src/wasm", kernel, "binary.ts");
        const [made, committed] = [folder, core].map((at) => readFileSync(join(at, file), "utf8"));
        expect(made === committed, kernel).toBe(true);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
