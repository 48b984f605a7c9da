import { writeFile } from "node:fs/promises";
import { schemaText } from "./schema.ts";

// npm run print-schema -w @faultline/api: after every change of the schema.
await writeFile(new URL("../schema.graphql", import.meta.url), schemaText());
