import { databaseServer, dataDirectory, migrate } from "@faultline/db";
import { startStack } from "./stack.ts";

// The development stack: the same processes as the demo's, restarted when their sources change.
const server = await databaseServer();
await migrate(server.url);
const stack = await startStack(server.url, dataDirectory(), { watch: true });
process.stdout.write(
  `dashboard  ${stack.webUrl}\nAPI        ${stack.apiUrl}/graphql\ndatabase   ${server.url}\n`,
);

const stop = new Promise<void>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
});
await Promise.race([
  stop,
  stack.failed.catch((error: Error) => process.stderr.write(`faultline: ${error.message}\n`)),
]);
await stack.stop();
await server.stop();
