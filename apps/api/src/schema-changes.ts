import { execFileSync } from "node:child_process";
import { type Change, CriticalityLevel, diff } from "@graphql-inspector/core";
import { buildSchema } from "graphql";
import { schemaText } from "./schema.ts";

/** A commit whose message says this may break clients of the schema. */
const declaration = "BREAKING SCHEMA";

/**
 * How the schema differs from the committed one of a revision.
 *
 * @returns null when there is no such revision here (a shallow clone, an archive)
 */
export async function schemaChangesSince(
  revision: string,
): Promise<{ changes: Change[]; breaking: Change[]; declared: boolean } | null> {
  const git = (...args: string[]) =>
    execFileSync("git", args, {
      cwd: import.meta.dirname,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  let committed: string;
  let messages: string;
  try {
    committed = git("show", `${revision}:apps/api/schema.graphql`);
    messages = git("log", "--format=%B", `${revision}..HEAD`);
  } catch {
    return null;
  }
  const changes = await diff(buildSchema(committed), buildSchema(schemaText()));
  return {
    changes,
    breaking: changes.filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking),
    declared: messages.includes(declaration),
  };
}
