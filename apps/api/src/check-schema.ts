import { CriticalityLevel } from "@graphql-inspector/core";
import { schemaChangesSince } from "./schema-changes.ts";

// Compares the schema with the committed one of another revision (default: the parent commit) and fails when a
// client of that one could break, unless a commit since then says BREAKING SCHEMA:
//   npm run check-schema -w @faultline/api -- origin/main
const revision = process.argv[2] ?? "HEAD~1";
const compared = await schemaChangesSince(revision);
if (!compared) throw new Error(`git has no apps/api/schema.graphql at "${revision}".`);
const { changes, breaking, declared } = compared;
for (const { criticality, message } of changes)
  if (criticality.level !== CriticalityLevel.NonBreaking) console.log(`${criticality.level}: ${message}`);
console.log(`${changes.length} changes since ${revision}, ${breaking.length} of them breaking`);
process.exitCode = breaking.length > 0 && !declared ? 1 : 0;
