import { execFileSync } from "node:child_process";
import { CriticalityLevel, diff } from "@graphql-inspector/core";
import { buildSchema } from "graphql";
import { schemaText } from "./schema.ts";

// Compares the schema with the committed one of another revision (default: the parent commit) and fails when a
// client of that one could break:
//   npm run check-schema -w @faultline/api -- origin/main
const revision = process.argv[2] ?? "HEAD~1";
const committed = execFileSync("git", ["show", `${revision}:apps/api/schema.graphql`], { encoding: "utf8" });
const changes = await diff(buildSchema(committed), buildSchema(schemaText()));
const breaking = changes.filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking);
for (const { criticality, message } of changes)
  if (criticality.level !== CriticalityLevel.NonBreaking) console.log(`${criticality.level}: ${message}`);
console.log(`${changes.length} changes since ${revision}, ${breaking.length} of them breaking`);
process.exitCode = breaking.length > 0 ? 1 : 0;
