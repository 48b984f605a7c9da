import {
  conceptVectors,
  type Matrix,
  matrix,
  meanTextEmbedding,
  prompts,
  row,
  selectRows,
  stackRows,
} from "@faultline/core";
import { readMatrix } from "@faultline/run";
import { RunFailure } from "../../queue/run-failure.ts";
import type { WorkerContext } from "../../queue/run-job.ts";
import { locateMatrix } from "../brought-matrix.ts";
import type { RunSubject } from "../run-subject.ts";

/** The phrases that a run compares, with their vectors. */
export interface ConceptAxis {
  /** The concept set's phrases, then the class names that are not among them (if configured). */
  phrases: string[];
  /** How many of them are concepts. */
  conceptCount: number;
  /** C×m, one unit row a phrase. */
  conceptVectors: Matrix;
  /** K×m, one unit row a class: what the oracle and VLM disagreement compare with. */
  classVectors: Matrix;
  /** All text embeddings behind the vectors, P×m. */
  textEmbeddings: Matrix;
}

/** Embeds concepts and classes by the VLM's text tower, or looks them up among the brought phrases. */
export async function conceptAxis(context: WorkerContext, subject: RunSubject): Promise<ConceptAxis> {
  const { conceptSet, modelVersion } = subject.run;
  const concepts = conceptSet.concepts.map(({ phrase }) => phrase);
  const { classes } = modelVersion;
  const added = subject.configuration.includeClassConcepts
    ? classes.filter((name) => !concepts.includes(name))
    : [];
  const phrases = [...concepts, ...added];
  const everything = [...new Set([...phrases, ...classes])];
  const embeddings = await embedPhrases(context, subject, everything);
  const textEmbeddings = stackRows(embeddings);
  const centre = subject.configuration.centreConceptVectors ? meanTextEmbedding(textEmbeddings) : undefined;
  const vectors = stackRows(embeddings.map((own) => conceptVectors(own, own.rows, { centre })));
  const vectorsOf = (names: readonly string[]) =>
    selectRows(
      vectors,
      names.map((name) => everything.indexOf(name)),
    );
  return {
    phrases,
    conceptCount: concepts.length,
    conceptVectors: vectorsOf(phrases),
    classVectors: vectorsOf(classes),
    textEmbeddings,
  };
}

/** For each phrase the embeddings of its prompts, T×m (or of the bare phrase, 1×m, where only that was brought). */
async function embedPhrases(
  context: WorkerContext,
  { run }: RunSubject,
  phrases: readonly string[],
): Promise<Matrix[]> {
  const { conceptSet, visionLanguageModel: vlm } = run;
  const promptsOf = phrases.map((phrase) => prompts(phrase, conceptSet.templates));
  const templates = conceptSet.templates.length;
  if (vlm.textTowerSha256 && vlm.tokenizerSha256) {
    const all = await context.networks.withTextTower(vlm.textTowerSha256, vlm.tokenizerSha256, (tower) =>
      tower.embed(promptsOf.flat()),
    );
    return phrases.map((_, i) =>
      selectRows(
        all,
        Array.from({ length: templates }, (_, t) => i * templates + t),
      ),
    );
  }
  const brought = await readPhraseEmbeddings(context, vlm.id, vlm.embeddingWidth);
  return phrases.map((phrase, i) => {
    const rows = promptsOf[i].flatMap((prompt) => brought.get(prompt) ?? []);
    if (rows.length === templates) return stackRows(rows);
    const bare = brought.get(phrase);
    // Planning has looked for all of them.
    if (!bare) throw new RunFailure(`The text embedding of "${phrase}" is gone: start the run again.`);
    return bare;
  });
}

async function readPhraseEmbeddings(
  { database, artifactStore }: WorkerContext,
  visionLanguageModelId: string,
  width: number,
): Promise<Map<string, Matrix>> {
  const uploads = await database.prisma.phraseEmbeddings.findMany({
    where: { visionLanguageModelId },
    orderBy: { id: "asc" },
  });
  const found = new Map<string, Matrix>();
  for (const { phrases, artifactSha256 } of uploads) {
    const rows = await readMatrix(
      artifactStore,
      await locateMatrix(artifactStore, artifactSha256, phrases.length, width),
    );
    // The latest upload of a phrase counts.
    for (const [i, phrase] of phrases.entries()) found.set(phrase, matrix(1, width, row(rows, i)));
  }
  return found;
}
