import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type ArtifactStore, FolderArtifactStore } from "@faultline/db";
import { createTestDatabase, type TestDatabase } from "../../../test/postgres-setup.ts";
import { newSecret } from "../src/access/token-secret.ts";
import { type Api, type ApiOptions, startApi } from "../src/server.ts";

type Scope = "READ" | "WRITE" | "ADMIN";

/** Whatever was asked for: any path can be read, and is undefined (or throws) where there is nothing. */
export interface Data {
  [field: string]: Data;
}

export interface Answer {
  data: Data;
  errors?: { message: string; path?: (string | number)[]; extensions: Record<string, unknown> }[];
}

/** What counting needs of a database client. */
interface Client {
  query(...args: unknown[]): unknown;
}

/** The API over HTTP, on a real database and a real artifact store of its own. */
export interface ApiUnderTest {
  url: string;
  /** Its routes, as Fastify prints them. */
  routes: string;
  database: TestDatabase;
  artifactStore: ArtifactStore;
  /** A token of the whole installation with the scope ADMIN. */
  admin: string;
  /** Makes a token; without a project it reaches all of them. */
  token(scopes: Scope[], projectId?: string | null, expiresAt?: Date): Promise<string>;
  graphql(query: string, variables?: object, token?: string | null): Promise<Answer>;
  /** Runs a request and counts the statements that reach the database meanwhile. */
  countStatements<T>(action: () => Promise<T>): Promise<{ result: T; statements: number }>;
  /** Puts bytes into the artifact store in the project's name. */
  upload(projectId: string, bytes: Uint8Array): Promise<string>;
  close(): Promise<void>;
}

/** @param shared the database of another API under test; by default one of its own */
export async function startApiUnderTest(
  options: Partial<ApiOptions> = {},
  shared?: TestDatabase,
): Promise<ApiUnderTest> {
  const database = shared ?? (await createTestDatabase());
  const folder = await mkdtemp(path.join(tmpdir(), "faultline-api-test-"));
  const artifactStore = await FolderArtifactStore.open(path.join(folder, "artifacts"));
  const api: Api = await startApi({
    database,
    databaseUrl: database.url,
    artifactStore,
    uploadsDirectory: path.join(folder, "uploads"),
    closingTime: 200,
    // Most tests ask once, and what serves thousands of requests is what they must meet.
    interpreted: 0,
    ...options,
  });
  const token: ApiUnderTest["token"] = async (scopes, projectId = null, expiresAt) => {
    const { prefix, secret, secretHash } = newSecret();
    await database.prisma.apiToken.create({
      data: { name: scopes.join(), scopes, projectId, expiresAt, prefix, secretHash },
    });
    return secret;
  };
  const admin = await token(["ADMIN"]);
  return {
    url: api.url,
    routes: api.fastify.printRoutes({ commonPrefix: false }),
    database,
    artifactStore,
    admin,
    token,
    graphql: async (query, variables = {}, secret = admin) => {
      const response = await fetch(`${api.url}/graphql`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
        },
        body: JSON.stringify({ query, variables }),
      });
      return (await response.json()) as Answer;
    },
    countStatements: async (action) => {
      // Every statement of Prisma and of the API itself goes through a client of the pool.
      let statements = 0;
      const counted = new Map<Client, Client["query"]>();
      const listener = (client: Client) => {
        if (counted.has(client)) return;
        const { query } = client;
        counted.set(client, query);
        client.query = (...args) => {
          statements++;
          return query.apply(client, args);
        };
      };
      database.pool.on("acquire", listener as never);
      try {
        return { result: await action(), statements };
      } finally {
        database.pool.off("acquire", listener as never);
        for (const [client, query] of counted) client.query = query;
      }
    },
    upload: async (projectId, bytes) => {
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      await artifactStore.put(bytes);
      await database.prisma.artifact.createMany({
        data: [{ sha256, bytes: bytes.length }],
        skipDuplicates: true,
      });
      await database.prisma.projectArtifact.createMany({
        data: [{ projectId, sha256 }],
        skipDuplicates: true,
      });
      return sha256;
    },
    close: async () => {
      await api.close();
      await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
