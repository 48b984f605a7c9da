import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import {
  ciSnippet,
  curlSnippet,
  typescriptSnippet,
} from "../../../src/screens/detector/detector-snippets.ts";

const subject = {
  origin: "http://localhost:3000",
  detectorId: "RGV0ZWN0b3I6MQ==",
  artifactUrl: "/detectors/RGV0ZWN0b3I6MQ%3D%3D/artifact.json",
  embeddingWidth: 3,
  hasEncoder: false,
  exampleClass: 'the "truck"',
  runId: "UnVuOjE=",
  project: "menagerie",
  model: "cnn's",
  visionLanguageModel: "vlm",
  conceptSet: "rival10",
  dataset: "menagerie",
};

/** What the snippet's curl would send, by a curl that prints its input. */
function sentBy(snippet: string): unknown {
  const folder = mkdtempSync(join(tmpdir(), "snippet-"));
  writeFileSync(join(folder, "curl"), "#!/bin/sh\ncat\n", { mode: 0o755 });
  writeFileSync(join(folder, "embedding.json"), "[1, 2, 3]");
  writeFileSync(join(folder, "frame-001.jpg"), "picture");
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  return JSON.parse(execFileSync("bash", ["-c", snippet], { cwd: folder, env, encoding: "utf8" }));
}

describe("curlSnippet", () => {
  it("sends a JSON body with the embedding, its $ unharmed by the shell", () => {
    const body = sentBy(curlSnippet(subject)) as { query: string };
    expect(body).toMatchObject({
      variables: {
        input: {
          detectorId: subject.detectorId,
          inputs: [{ externalId: "frame-001", predictedClass: 'the "truck"', embedding: [1, 2, 3] }],
        },
      },
    });
    expect(body.query).toContain("mutation ($input: CheckInputsInput!) { checkInputs(input: $input)");
  });

  it("runs nothing that a class is called", () => {
    const exampleClass = '$(touch owned) `touch owned` \\\\ "quoted" $HOME';
    expect(sentBy(curlSnippet({ ...subject, exampleClass }))).toMatchObject({
      variables: { input: { inputs: [{ predictedClass: exampleClass }] } },
    });
  });

  it("sends the picture where the model has its networks", () => {
    expect(sentBy(curlSnippet({ ...subject, hasEncoder: true }))).toMatchObject({
      variables: { input: { inputs: [{ imageBase64: Buffer.from("picture").toString("base64") }] } },
    });
  });
});

describe("typescriptSnippet", () => {
  it("is without syntax errors and calls what core exports", async () => {
    const text = typescriptSnippet(subject);
    const { diagnostics } = ts.transpileModule(text, { reportDiagnostics: true });
    expect(diagnostics).toEqual([]);
    const { Detector, importDetector } = await import("@faultline/core");
    expect(text).toContain("importDetector(");
    expect(importDetector).toBeTypeOf("function");
    expect(Detector.prototype.check).toBeTypeOf("function");
  });
});

describe("typescriptSnippet of a hostile class", () => {
  it("keeps the name inside the comment", () => {
    const text = typescriptSnippet({ ...subject, exampleClass: "*/ evil(); /*" });
    expect(ts.transpileModule(text, { compilerOptions: { removeComments: true } }).outputText).not.toContain(
      "evil",
    );
  });
});

describe("ciSnippet", () => {
  it("gives GitHub Actions no expression that a name holds, and the shell the name as it is", () => {
    const model = `a ${"$"}{{ secrets.KEY }} 'b' $(c)`;
    const text = ciSnippet({ ...subject, model });
    expect(text).not.toMatch(/\$\{\{ secrets\.KEY/);
    const word = /--model (.*) --version/.exec(text)?.[1];
    expect(execFileSync("bash", ["-c", `printf %s ${word}`], { encoding: "utf8" })).toBe(model);
  });

  it("quotes names for the shell and holds against the run", () => {
    const text = ciSnippet(subject);
    expect(text).toContain(`${"$"}{{ secrets.FAULTLINE_TOKEN }}`);
    expect(text).toContain("--model 'cnn'\\''s' ");
    expect(text).toContain(`--baseline ${subject.runId} `);
  });
});
