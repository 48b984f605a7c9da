import { parseArgs } from "node:util";
import { databaseServer, migrate, openDatabase } from "@faultline/db";
import { newSecret } from "./access/token-secret.ts";

// The first token, for whoever can reach the database:
//   npm run create-token -w @faultline/api -- --name admin --scopes ADMIN [--project slug] [--days 90]
const { values } = parseArgs({
  options: {
    name: { type: "string", default: "administrator" },
    scopes: { type: "string", default: "ADMIN" },
    project: { type: "string" },
    days: { type: "string" },
  },
});
const scopes = values.scopes.split(",").map((text) => {
  const scope = text.trim().toUpperCase();
  if (scope !== "READ" && scope !== "WRITE" && scope !== "ADMIN")
    throw new Error(`There is no scope "${text}". Use READ, WRITE or ADMIN.`);
  return scope;
});

const server = await databaseServer();
await migrate(server.url);
const { prisma, close } = openDatabase(server.url);
try {
  const project = values.project
    ? await prisma.project.findUnique({ where: { slug: values.project } })
    : null;
  if (values.project && !project) throw new Error(`There is no project "${values.project}".`);
  const expiresAt = values.days ? new Date(Date.now() + Number(values.days) * 86_400_000) : null;
  const { prefix, secret, secretHash } = newSecret();
  await prisma.apiToken.create({
    data: { name: values.name, projectId: project?.id, scopes, expiresAt, prefix, secretHash },
  });
  // To standard output alone, so that it can be piped to where it is kept.
  console.log(secret);
} finally {
  await close();
  await server.stop();
}
