// One contender of bench/api.ts in a process of its own: api-contender.ts faultline|postgraphile|bare DATABASE_URL
// FOLDER [REMEMBERED_PAIRS]. Prints {url, token} once it listens, and ends with its standard input.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { newSecret, startApi } from "@faultline/api";
import { FolderArtifactStore, openDatabase } from "@faultline/db";
import { grafserv } from "postgraphile/grafserv/node";
import { bare, type Contender, type Operation, type Subject } from "./api-operations.ts";

const [contender, url, folder, rememberedPairs = "0"] = process.argv.slice(2);
const connections = 10;

const contenders: Record<Contender, () => Promise<{ url: string; token?: string }>> = {
  faultline: async () => {
    const database = openDatabase(url, { connections });
    const artifactStore = await FolderArtifactStore.open(path.join(folder, "artifacts"));
    const api = await startApi({
      database,
      databaseUrl: url,
      artifactStore,
      uploadsDirectory: path.join(folder, "uploads"),
      rememberedPairs: Number(rememberedPairs),
    });
    const { prefix, secret, secretHash } = newSecret();
    await database.prisma.apiToken.create({
      data: { name: "bench", scopes: ["READ"], prefix, secretHash },
    });
    return { url: `${api.url}/graphql`, token: secret };
  },

  postgraphile: async () => {
    const [{ postgraphile }, { PostGraphileAmberPreset }, { makeV4Preset }, { makePgService }] =
      await Promise.all([
        import("postgraphile"),
        import("postgraphile/presets/amber"),
        import("postgraphile/presets/v4"),
        import("postgraphile/adaptors/pg"),
      ]);
    const { default: pg } = await import("pg");
    const instance = postgraphile({
      extends: [PostGraphileAmberPreset, makeV4Preset({ simpleCollections: "omit" })],
      disablePlugins: ["PgIndexBehaviorsPlugin"],
      pgServices: [
        makePgService({
          pool: new pg.Pool({ connectionString: url, max: connections }),
          schemas: ["public"],
        }),
      ],
      grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false },
      grafast: { explain: false },
    });
    const server = createServer();
    await instance.createServ(grafserv).addTo(server);
    return { url: await listen(server, "/graphql") };
  },

  bare: async () => {
    const { default: pg } = await import("pg");
    const pool = new pg.Pool({ connectionString: url, max: connections });
    const server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", async () => {
        const { operation, subject } = JSON.parse(body) as { operation: Operation; subject: Subject };
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify(await bare[operation](pool, subject)));
      });
    });
    return { url: await listen(server, "/") };
  },
};

async function listen(server: ReturnType<typeof createServer>, at: string): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}${at}`;
}

console.log(JSON.stringify(await contenders[contender as Contender]()));
process.stdin.on("end", () => process.exit(0)).resume();
