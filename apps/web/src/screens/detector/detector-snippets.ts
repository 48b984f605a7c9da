/** What the snippets are about. */
export type SnippetSubject = {
  /** Origin of the dashboard, which passes /api on to the API. */
  readonly origin: string;
  readonly detectorId: string;
  readonly artifactUrl: string;
  readonly embeddingWidth: number;
  /** Whether the model was registered with its networks, so that pictures can be checked. */
  readonly hasEncoder: boolean;
  readonly exampleClass: string;
  readonly runId: string;
  readonly project: string;
  readonly model: string;
  readonly visionLanguageModel: string;
  readonly conceptSet: string;
  readonly dataset: string;
};

/** A text as one shell word, in which GitHub Actions finds no expression of its own. */
function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", "'\\''").replaceAll("${{", () => "$''{{")}'`;
}

/** A text as it stands in a here-document, in which the shell would run `$(…)`. */
function inHereDocument(text: string): string {
  return text.replace(/[\\$`]/g, "\\$&");
}

/** Check one input over HTTP. */
export function curlSnippet(subject: SnippetSubject): string {
  const { origin, detectorId, embeddingWidth, hasEncoder, exampleClass } = subject;
  const query =
    "mutation ($input: CheckInputsInput!) { checkInputs(input: $input) { __typename ... on CheckedInputs { verdicts { externalId predictedClass verdict score threshold concepts } } ... on Error { message } } }";
  const input = hasEncoder
    ? `"externalId": "frame-001", "imageBase64": "$(base64 -w0 frame-001.jpg)"`
    : `"externalId": "frame-001", "predictedClass": ${inHereDocument(JSON.stringify(exampleClass))}, "embedding": $(cat embedding.json)`;
  const hint = hasEncoder ? [] : [`# embedding.json: a JSON array of ${embeddingWidth} numbers`];
  return [
    ...hint,
    `curl -sS ${origin}/api/graphql \\`,
    `  -H "Authorization: Bearer $FAULTLINE_TOKEN" \\`,
    `  -H "Content-Type: application/json" \\`,
    "  --data-binary @- <<JSON",
    "{",
    `  "query": ${inHereDocument(JSON.stringify(query))},`,
    `  "variables": { "input": {`,
    `    "detectorId": "${detectorId}",`,
    `    "inputs": [{ ${input} }]`,
    "  } }",
    "}",
    "JSON",
  ].join("\n");
}

/** Check inputs inside one's own Node service, without the API. */
export function typescriptSnippet({
  origin,
  artifactUrl,
  embeddingWidth,
  exampleClass,
}: SnippetSubject): string {
  return [
    `// curl -H "Authorization: Bearer $FAULTLINE_TOKEN" ${origin}/api${artifactUrl} -o detector.json`,
    `import { readFile } from "node:fs/promises";`,
    `import { importDetector } from "@faultline/core";`,
    "",
    `const detector = importDetector(await readFile("detector.json", "utf8"));`,
    "",
    `/** @param embedding the encoder's output, ${embeddingWidth} numbers @param predictedClass what the head chose, e.g. ${JSON.stringify(exampleClass).replaceAll("*/", "*\\/")} */`,
    "export function isTrustworthy(embedding: Float32Array, predictedClass: string): boolean {",
    "  const { classes, concepts } = detector.model;",
    "  const verdict = detector.check(embedding, classes.indexOf(predictedClass));",
    `  if (verdict.verdict === "DEFECT") {`,
    "    const spoke = verdict.concepts.map(({ concept }) => concepts[concept]);",
    "    console.warn(verdict.score, verdict.threshold, spoke);",
    "  }",
    `  return verdict.verdict === "OK";`,
    "}",
  ].join("\n");
}

/** Hold a new version of the model against this run in CI (GitHub Actions). */
export function ciSnippet(subject: SnippetSubject): string {
  const { runId, project } = subject;
  // As GitHub Actions wants its own values.
  const github = (name: string) => `\${{ ${name} }}`;
  return [
    "# The new version is registered under the commit: `faultline register --help`.",
    "- name: Faultline",
    "  env:",
    `    FAULTLINE_URL: ${github("vars.FAULTLINE_URL")} # address of the API itself`,
    `    FAULTLINE_TOKEN: ${github("secrets.FAULTLINE_TOKEN")}`,
    `    FAULTLINE_PROJECT: ${shellWord(project)}`,
    "  run: |",
    `    faultline run start --json --model ${shellWord(subject.model)} --version "$GITHUB_SHA" \\`,
    `      --vlm ${shellWord(subject.visionLanguageModel)} --concept-set ${shellWord(subject.conceptSet)} --dataset ${shellWord(subject.dataset)} > run.json`,
    `    faultline gate "$(jq -r .id run.json)" --baseline ${shellWord(runId)} \\`,
    "      --max-accuracy-drop 0.01 --max-encoder-share 0.5 --min-auroc 0.8",
  ].join("\n");
}
